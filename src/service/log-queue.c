/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log entries on their way to where the log goes. */
#include "config.h"

#include "log-queue.h"

#include <string.h>
#include <unistd.h>

struct _McLogQueue
{
  McLogWrite write;
  McLogLost log_lost;
  gsize most_bytes;
  pid_t pid; /* of the process that has the thread */
  GThread *thread;

  GMutex lock;
  GCond changed;
  GQueue entries; /* (element-type Entry) */
  gsize n_bytes;  /* of all of them */
  guint64 n_lost; /* since all was written; while it is not 0, what comes is dropped */
  gboolean writing;
  gboolean ending;
};

/* One block: this, then what the fields point to. */
typedef struct
{
  gsize n_bytes;
  GLogLevelFlags level;
  gsize n_fields;
  GLogField fields[];
} Entry;

static gsize
length_of (const GLogField *field)
{
  return field->length < 0 ? strlen (field->value) + 1 : (gsize)field->length;
}

static char *
put (char *end, const void *data, gsize length)
{
  memcpy (end, data, length);
  return end + length;
}

static Entry *
entry_new (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  gsize n_bytes = sizeof (Entry) + n_fields * sizeof *fields;
  Entry *entry;
  char *end;

  for (gsize i = 0; i < n_fields; i++)
    n_bytes += strlen (fields[i].key) + 1 + length_of (&fields[i]);
  entry = g_malloc (n_bytes);
  *entry = (Entry){ .n_bytes = n_bytes, .level = level, .n_fields = n_fields };
  end = (char *)&entry->fields[n_fields];
  for (gsize i = 0; i < n_fields; i++)
    {
      entry->fields[i] = (GLogField){ .key = end, .length = fields[i].length };
      end = put (end, fields[i].key, strlen (fields[i].key) + 1);
      entry->fields[i].value = end;
      end = put (end, fields[i].value, length_of (&fields[i]));
    }
  return entry;
}

static void
log_lost (McLogQueue *self)
{
  guint64 n_lost = self->n_lost;

  self->n_lost = 0;
  self->writing = TRUE;
  g_mutex_unlock (&self->lock);
  self->log_lost (n_lost);
  g_mutex_lock (&self->lock);
  self->writing = FALSE;
}

static void
write_entry (McLogQueue *self, Entry *entry)
{
  self->writing = TRUE;
  self->n_bytes -= entry->n_bytes;
  g_mutex_unlock (&self->lock);
  self->write (entry->level, entry->fields, entry->n_fields);
  g_free (entry);
  g_mutex_lock (&self->lock);
  self->writing = FALSE;
}

static gpointer
queue_run (gpointer data)
{
  McLogQueue *self = data;

  g_mutex_lock (&self->lock);
  while (TRUE)
    {
      Entry *entry = g_queue_pop_head (&self->entries);

      if (entry != NULL)
        write_entry (self, entry);
      else if (self->n_lost > 0)
        log_lost (self);
      else if (self->ending)
        break;
      else
        {
          g_cond_broadcast (&self->changed);
          g_cond_wait (&self->changed, &self->lock);
        }
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

McLogQueue *
mc_log_queue_new (McLogWrite write, McLogLost lost, gsize most_bytes)
{
  McLogQueue *self = g_new0 (McLogQueue, 1);

  self->write = write;
  self->log_lost = lost;
  self->most_bytes = most_bytes;
  self->pid = getpid ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->entries);
  self->thread = g_thread_new ("log", queue_run, self);
  return self;
}

void
mc_log_queue_free (McLogQueue *self)
{
  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
mc_log_queue_push (McLogQueue *self, GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  Entry *entry;

  if (getpid () != self->pid)
    {
      self->write (level, fields, n_fields);
      return;
    }
  entry = entry_new (level, fields, n_fields);
  g_mutex_lock (&self->lock);
  if (self->n_lost > 0 || self->n_bytes + entry->n_bytes > self->most_bytes)
    {
      self->n_lost++;
      g_clear_pointer (&entry, g_free);
    }
  else
    {
      self->n_bytes += entry->n_bytes;
      g_queue_push_tail (&self->entries, entry);
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
}

gboolean
mc_log_queue_flush (McLogQueue *self, gint64 at_most_us)
{
  gint64 end_us = g_get_monotonic_time () + at_most_us;
  gboolean written, in_time = TRUE;

  if (getpid () != self->pid)
    return TRUE;
  g_mutex_lock (&self->lock);
  while (TRUE)
    {
      written = g_queue_is_empty (&self->entries) && self->n_lost == 0 && !self->writing;
      if (written || !in_time)
        break;
      in_time = g_cond_wait_until (&self->changed, &self->lock, end_us);
    }
  g_mutex_unlock (&self->lock);
  return written;
}
