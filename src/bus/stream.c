/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One direction between two sockets. */
#include "config.h"

#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
mc_stream_init (McStream *self, int from, int to)
{
  *self = (McStream){
    .from = from, .to = to, .read = g_byte_array_new (), .waiting = g_byte_array_new ()
  };
}

void
mc_stream_drop_fds (McStream *self)
{
  for (gsize i = 0; i < self->n_fds; i++)
    close (self->fds[i]);
  self->n_fds = 0;
  self->fds_placed = FALSE;
}

void
mc_stream_place_fds (McStream *self)
{
  self->fds_placed = TRUE;
  self->fds_at = self->waiting->len;
}

void
mc_stream_judge (McStream *self, McVerdict verdict, guint64 length)
{
  self->verdict = verdict;
  self->left = length;
}

gsize
mc_stream_move (McStream *self, const guint8 *bytes, gsize length)
{
  gsize part = (gsize)MIN (self->left, length);

  if (self->verdict == MC_VERDICT_PASS)
    g_byte_array_append (self->waiting, bytes, (guint)part);
  self->left -= part;
  return part;
}

void
mc_stream_clear (McStream *self)
{
  mc_stream_drop_fds (self);
  g_byte_array_unref (self->read);
  g_byte_array_unref (self->waiting);
}

static void
take_fds (McStream *self, struct msghdr *message)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (message); part != NULL;
       part = CMSG_NXTHDR (message, part))
    {
      gsize count = (part->cmsg_len - CMSG_LEN (0)) / sizeof (int);

      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
        continue;
      count = MIN (count, MC_STREAM_MOST_FDS - self->n_fds);
      memcpy (&self->fds[self->n_fds], CMSG_DATA (part), count * sizeof (int));
      self->n_fds += count;
    }
}

gboolean
mc_stream_read (McStream *self, gsize most, gboolean with_fds)
{
  guint before = self->read->len;
  union
  {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * MC_STREAM_MOST_FDS)];
  } control;
  struct iovec part;
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  gssize got;

  g_byte_array_set_size (self->read, before + (guint)most);
  part = (struct iovec){ self->read->data + before, most };
  if (with_fds)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
    }
  got = recvmsg (self->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  g_byte_array_set_size (self->read, before + (guint)MAX (got, 0));
  if (got > 0)
    take_fds (self, &message);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Descriptors go with the first byte of their message, and with no other message's. */
gboolean
mc_stream_write (McStream *self)
{
  gboolean before_fds = self->fds_placed && self->fds_at > 0;
  gboolean with_fds = self->fds_placed && self->fds_at == 0;
  union
  {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * MC_STREAM_MOST_FDS)];
  } control = { 0 };
  struct iovec part = { self->waiting->data, before_fds ? self->fds_at : self->waiting->len };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  gssize put;

  if (with_fds)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (sizeof (int) * self->n_fds);
      control.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN (sizeof (int) * self->n_fds),
                                        .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS };
      memcpy (CMSG_DATA (&control.align), self->fds, sizeof (int) * self->n_fds);
    }
  put = sendmsg (self->to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put <= 0)
    return put < 0 && (errno == EAGAIN || errno == EINTR);
  g_byte_array_remove_range (self->waiting, 0, (guint)put);
  if (before_fds)
    self->fds_at -= (gsize)put;
  if (with_fds)
    mc_stream_drop_fds (self);
  return TRUE;
}

void
mc_stream_drain (McStream *self)
{
  while (self->waiting->len > 0)
    {
      struct pollfd end = { self->to, POLLOUT, 0 };

      if (poll (&end, 1, 1000) <= 0 || !mc_stream_write (self))
        return;
    }
}
