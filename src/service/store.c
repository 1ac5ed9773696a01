/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was set at run time, kept over a restart. */
#include "config.h"

#include "store.h"

#include <glib/gstdio.h>
#include <string.h>

#define FILE_NAME "settings"

struct _McStore
{
  GObject parent;

  char *path;
  GKeyFile *keys;

  GMutex lock;
  GCond changed;
  GThread *thread;
  char *pending; /* the newest content that is still to be written */
  gboolean writing;
  gboolean ending;
};

G_DEFINE_FINAL_TYPE (McStore, mc_store, G_TYPE_OBJECT)

static void
write_out (McStore *self, const char *content)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents_full (self->path, content, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &error))
    g_warning ("Failed to keep runtime settings, which hold until the service ends: %s",
               error->message);
}

static gpointer
run_writer (gpointer data)
{
  McStore *self = data;

  g_mutex_lock (&self->lock);
  while (!self->ending || self->pending != NULL)
    {
      g_autofree char *content = g_steal_pointer (&self->pending);

      if (content == NULL)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      self->writing = TRUE;
      g_mutex_unlock (&self->lock);
      write_out (self, content);
      g_mutex_lock (&self->lock);
      self->writing = FALSE;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

static void
mc_store_init (McStore *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->keys = g_key_file_new ();
}

static void
mc_store_finalize (GObject *object)
{
  McStore *self = MC_STORE (object);

  if (self->thread != NULL)
    {
      g_mutex_lock (&self->lock);
      self->ending = TRUE;
      g_cond_broadcast (&self->changed);
      g_mutex_unlock (&self->lock);
      g_thread_join (self->thread);
    }
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->pending);
  g_free (self->path);
  g_key_file_unref (self->keys);
  G_OBJECT_CLASS (mc_store_parent_class)->finalize (object);
}

static void
mc_store_class_init (McStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_store_finalize;
}

/* Removes what a killed process had begun to write: g_file_set_contents_full() names it
 * "settings.XXXXXX". */
static void
sweep (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, FILE_NAME ".") && strlen (name) == strlen (FILE_NAME ".XXXXXX"))
      {
        g_autofree char *path = g_build_filename (directory, name, NULL);

        g_unlink (path);
      }
}

McStore *
mc_store_new (const char *directory)
{
  McStore *self = g_object_new (MC_TYPE_STORE, NULL);
  g_autoptr (GError) error = NULL;

  if (directory == NULL)
    return self;
  self->path = g_build_filename (directory, FILE_NAME, NULL);
  sweep (directory);
  if (g_key_file_load_from_file (self->keys, self->path, G_KEY_FILE_NONE, &error)
      || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return self;
  g_warning ("Runtime settings in %s are not used: %s", self->path, error->message);
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
  if (self->thread == NULL)
    self->thread = g_thread_new ("store", run_writer, self);
  g_mutex_lock (&self->lock);
  g_free (self->pending);
  self->pending = g_key_file_to_data (self->keys, NULL, NULL);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
mc_store_flush (McStore *self)
{
  g_mutex_lock (&self->lock);
  while (self->pending != NULL || self->writing)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}
