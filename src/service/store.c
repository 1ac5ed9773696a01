/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept over a restart of the service. */
#include "config.h"

#include "store.h"

#include <glib/gstdio.h>
#include <string.h>

#include "new-file.h"
#include "text-file.h"

#define ASIDE ".damaged"

/* 10,000 VMs, of which each is paused for a reason of 256 characters, have half of it. */
#define MOST_BYTES (16 * 1024 * 1024)

struct _McStore
{
  GObject parent;

  const McStoreKind *kind;
  char *path;
  GKeyFile *keys;

  /* What is to be written is put into words once per write, however many changes come meanwhile. */
  GThreadPool *writer;  /* one thread; NULL before the first write */
  GAsyncQueue *written; /* (element-type Write) that the writer is done with */
  GSource *source;      /* ready when there is something to hand over, or to take back */
  GError *failure;      /* of the last write, or NULL */
  gboolean dirty;
  gboolean handed;    /* to the writer */
  gboolean abandoned; /* until all is written, it has a reference to itself */
  guint64 n_saves;    /* asked for */
  guint64 n_handed;   /* of those, what the writer has, or had */
  GQueue waiting;     /* (element-type Waiting) oldest first */
  GQueue undos;       /* (element-type Undo) newest first */
};

typedef struct
{
  char *content;
  GError *failure; /* what went wrong, or NULL */
} Write;

typedef struct
{
  GTask *task;
  guint64 n_saves; /* that have to be on the disk */
} Waiting;

typedef struct
{
  McStoreUndo undo;
  gpointer data;
  GDestroyNotify free_data;
  guint64 n_saves; /* that it belongs to */
} Undo;

static void
undo_free (Undo *undo)
{
  undo->free_data (undo->data);
  g_free (undo);
}

G_DEFINE_FINAL_TYPE (McStore, mc_store, G_TYPE_OBJECT)

/* In the writer's thread. */
static void
write_out (gpointer data, gpointer user_data)
{
  McStore *self = user_data;
  GSource *source = self->source;
  Write *write = data;
  gboolean kept = mc_text_file_write (self->path, write->content, &write->failure);

  g_assert (kept == (write->failure == NULL));
  g_async_queue_push (self->written, write);
  g_source_set_ready_time (source, 0);
}

static void
hand_over (McStore *self)
{
  Write *write;

  if (!self->dirty || self->handed)
    return;
  if (self->writer == NULL)
    self->writer = g_thread_pool_new (write_out, self, 1, TRUE, NULL);
  self->dirty = FALSE;
  self->handed = TRUE;
  self->n_handed = self->n_saves;
  write = g_new0 (Write, 1);
  write->content = g_key_file_to_data (self->keys, NULL, NULL);
  g_thread_pool_push (self->writer, write, NULL);
}

static void
store_answer (McStore *self, guint64 up_to, const GError *failure)
{
  const Waiting *first;

  while ((first = g_queue_peek_head (&self->waiting)) != NULL && first->n_saves <= up_to)
    {
      g_autofree Waiting *waiting = g_queue_pop_head (&self->waiting);
      g_autoptr (GTask) task = waiting->task;

      if (failure != NULL)
        g_task_return_error (task, g_error_copy (failure));
      else
        g_task_return_boolean (task, TRUE);
    }
}

/* Whether there is one of the saves up to this. */
static gboolean
has_undo (McStore *self, guint64 up_to)
{
  const Undo *oldest = g_queue_peek_tail (&self->undos);

  return oldest != NULL && oldest->n_saves <= up_to;
}

static void
forget_done (McStore *self)
{
  while (has_undo (self, self->n_handed))
    undo_free (g_queue_pop_tail (&self->undos));
}

/* What was saved since stands on what is taken back, and goes first. */
static void
undo_all (McStore *self)
{
  Undo *newest;

  while ((newest = g_queue_pop_head (&self->undos)) != NULL)
    {
      newest->undo (newest->data);
      undo_free (newest);
    }
}

/* A disk that stays full is logged once. @failure: (transfer full) (nullable) */
static void
set_failure (McStore *self, GError *failure)
{
  if (failure != NULL
      && (self->failure == NULL || !g_str_equal (self->failure->message, failure->message)))
    g_warning ("%s are not kept: %s", self->kind->title, failure->message);
  g_clear_error (&self->failure);
  self->failure = failure;
}

/* @write: (transfer full) (nullable): that was written, or was not; NULL while it is */
static void
end_write (McStore *self, Write *write)
{
  guint64 n_saves = self->n_saves;

  if (write == NULL)
    return;
  self->handed = FALSE;
  set_failure (self, write->failure);
  g_free (write->content);
  g_free (write);
  if (self->failure == NULL)
    forget_done (self);
  else if (has_undo (self, self->n_handed))
    {
      undo_all (self);
      store_answer (self, n_saves, self->failure);
    }
  store_answer (self, self->n_handed, self->failure);
}

/* It was written after all. */
static void
end_abandoned (McStore *self)
{
  if (!self->abandoned || self->dirty || self->handed)
    return;
  self->abandoned = FALSE;
  g_object_unref (self);
}

static gboolean
on_ready (gpointer user_data)
{
  g_autoptr (McStore) self = g_object_ref (user_data);

  g_source_set_ready_time (self->source, -1);
  end_write (self, g_async_queue_try_pop (self->written));
  hand_over (self);
  end_abandoned (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc function, gpointer user_data)
{
  return function (user_data);
}

static GSourceFuncs ready_funcs = { .dispatch = dispatch };

static void
mc_store_init (McStore *self)
{
  self->written = g_async_queue_new ();
  g_queue_init (&self->waiting);
  g_queue_init (&self->undos);
  self->keys = g_key_file_new ();
  self->source = g_source_new (&ready_funcs, sizeof (GSource));
  g_source_set_name (self->source, "store");
  g_source_set_callback (self->source, on_ready, self, NULL);
  g_source_attach (self->source, NULL);
}

void
mc_store_abandon (McStore *self)
{
  if (self->abandoned || (!self->dirty && !self->handed))
    return;
  self->abandoned = TRUE;
  g_object_ref (self);
}

static void
mc_store_finalize (GObject *object)
{
  McStore *self = MC_STORE (object);

  while (self->dirty || self->handed)
    {
      hand_over (self);
      end_write (self, g_async_queue_pop (self->written));
    }
  if (self->writer != NULL)
    g_thread_pool_free (self->writer, FALSE, TRUE);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_async_queue_unref (self->written);
  g_clear_error (&self->failure);
  g_free (self->path);
  g_key_file_unref (self->keys);
  G_OBJECT_CLASS (mc_store_parent_class)->finalize (object);
}

static void
mc_store_class_init (McStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_store_finalize;
}

/* Removes what a killed process had begun to write. */
static void
sweep (const char *directory, const char *file_name)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (mc_new_file_is_unfinished (name, file_name))
      {
        g_autofree char *path = g_build_filename (directory, name, NULL);

        g_unlink (path);
      }
}

/* Somebody may want to see what is in it. */
static void
set_aside (McStore *self, const GError *why)
{
  g_autofree char *aside = g_strconcat (self->path, ASIDE, NULL);

  if (g_rename (self->path, aside) == 0)
    g_warning ("%s in %s are not used: %s; the file is now %s", self->kind->title, self->path,
               why->message, aside);
  else
    g_warning ("%s in %s are not used: %s", self->kind->title, self->path, why->message);
}

/* Returns: whether all that is there was read, or nothing is there. */
static gboolean
load (McStore *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *text = mc_text_file_read (self->path, MOST_BYTES, &failure);

  if (text == NULL && g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  if (text == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  return g_key_file_load_from_data (self->keys, text, -1, G_KEY_FILE_NONE, error)
         && (self->kind->check == NULL || self->kind->check (self->keys, error));
}

McStore *
mc_store_new (const McStoreKind *kind, const char *directory)
{
  McStore *self = g_object_new (MC_TYPE_STORE, NULL);
  g_autoptr (GError) error = NULL;

  self->kind = kind;
  if (directory == NULL)
    return self;
  self->path = g_build_filename (directory, kind->file_name, NULL);
  sweep (directory, kind->file_name);
  if (load (self, &error))
    return self;
  set_aside (self, error);
  /* What stood before the error was read. */
  g_key_file_unref (self->keys);
  self->keys = g_key_file_new ();
  return self;
}

GKeyFile *
mc_store_get_keys (McStore *self)
{
  return self->keys;
}

void
mc_store_save (McStore *self)
{
  if (self->path == NULL)
    return;
  self->n_saves++;
  self->dirty = TRUE;
  g_source_set_ready_time (self->source, 0);
}

void
mc_store_undo_with (McStore *self, McStoreUndo undo, gpointer data, GDestroyNotify free_data)
{
  Undo *newest;

  if (self->path == NULL)
    {
      free_data (data);
      return;
    }
  newest = g_new (Undo, 1);
  *newest = (Undo){ .undo = undo, .data = data, .free_data = free_data, .n_saves = self->n_saves };
  g_queue_push_head (&self->undos, newest);
}

void
mc_store_forget_undos (McStore *self)
{
  g_queue_clear_full (&self->undos, (GDestroyNotify)undo_free);
}

void
mc_store_sync_async (McStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  Waiting *waiting;

  if (!self->dirty && !self->handed)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ .task = g_steal_pointer (&task), .n_saves = self->n_saves };
  g_queue_push_tail (&self->waiting, waiting);
}

gboolean
mc_store_sync_finish (McStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
