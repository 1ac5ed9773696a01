/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memcoordctl world: this host and its VMs as they are now, as a world file for MemCoord's
 * simulator. What the bus does not have is assumed, and the file says so.
 */
#include "config.h"

#include "command.h"
#include "model.h"
#include "plain-text.h"
#include "size.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

/* What the simulator accepts: bytes of a name, and the least of a VM and of a host. */
#define MOST_NAME  63
#define LEAST_VM   (64 * MC_MIB)
#define LEAST_HOST (512 * MC_MIB)

/* What a QEMU is likely to occupy beside its guest's memory. */
#define LIKELY_OWN (100 * MC_MIB)

/* What a VM has that nobody has set anything for. */
#define DEFAULT_LOW         (100 * MC_MIB)
#define DEFAULT_LOW_PERCENT 20
#define DEFAULT_WEIGHT      100

static const char preface[]
    = "# A host and its VMs at one moment, as memcoordctl saw them, for MemCoord's simulator:\n"
      "#     simulate --world FILE\n"
      "# It shows what MemCoord and other coordinators would do with them. Each VM goes on using "
      "what it "
      "used at\n"
      "# that moment. Say here how that changes: hold=0:300M 60:900M@50M is 300 MiB, and from "
      "second 60 on\n"
      "# up to 900 MiB by 50 MiB a second. cache= is page cache, own= what its QEMU occupies by "
      "itself.\n";

static guint64
size_of (const McModelVm *vm, const char *name)
{
  return mc_properties_number (vm->properties, name);
}

static gboolean
reports (const McModelVm *vm)
{
  return size_of (vm, "Available") > 0;
}

static void
add_size (GString *file, const char *key, guint64 bytes)
{
  g_string_append_printf (file, "%s=%" G_GUINT64_FORMAT "M\n", key, (bytes + MC_MIB / 2) / MC_MIB);
}

static void
add_host (GString *file, const McModel *model)
{
  guint64 total = mc_properties_number (model->host, "HostTotal");
  guint64 base = saturating_sub (total, mc_properties_number (model->host, "HostAvailable"));

  for (guint i = 0; i < model->vms->len; i++)
    base = saturating_sub (base, size_of (g_ptr_array_index (model->vms, i), "Resident"));
  g_string_append (file, "\n[host]\n");
  add_size (file, "total", MAX (total, LEAST_HOST));
  g_string_append (file, "# what is used by no VM\n");
  add_size (file, "base", base);
  g_string_append (file, "# seconds\nlength=900\n");
}

/* Returns: (transfer full): the VM's name where a group can have it, or else one of its UUID. */
static char *
name_group (const McModelVm *vm)
{
  if (*vm->name != '\0' && strlen (vm->name) <= MOST_NAME && strpbrk (vm->name, "[]") == NULL
      && mc_plain_text_is (vm->name))
    return g_strdup (vm->name);
  return g_strconcat ("vm-", mc_properties_text (vm->properties, "UUID"), NULL);
}

/* Memory that programs work on, page cache, and what its QEMU has beside both. */
static void
add_use (GString *file, const McModelVm *vm)
{
  guint64 balloon = size_of (vm, "Balloon"), resident = size_of (vm, "Resident");
  guint64 unused = size_of (vm, "Unused"), usable = size_of (vm, "Usable");
  guint64 touched = saturating_sub (balloon, unused), own = saturating_sub (resident, touched),
          hold, cache;

  if (!reports (vm))
    {
      g_string_append (
          file, "# its guest reports nothing: all that its QEMU occupies is taken for used\n");
      hold = MIN (saturating_sub (resident, LIKELY_OWN), balloon);
      cache = 0;
      own = LIKELY_OWN;
    }
  else
    {
      hold = saturating_sub (balloon, usable);
      cache = saturating_sub (usable, unused);
      own = own > 0 ? CLAMP (own, MC_OVERHEAD_LEAST, MC_OVERHEAD_MOST) : LIKELY_OWN;
    }
  add_size (file, "hold", hold);
  if (cache >= MC_MIB)
    add_size (file, "cache", cache);
  add_size (file, "own", own);
}

static gboolean
differ (guint64 a, guint64 b)
{
  return distance (a, b) >= MC_MIB;
}

/* What somebody has set for it. */
static void
add_policy (GString *file, const McModelVm *vm, guint64 maximum)
{
  const char *status = mc_properties_text (vm->properties, "Status");
  guint64 minimum = size_of (vm, "Minimum"), low = size_of (vm, "LowWatermark");
  guint64 weight = size_of (vm, "Weight");

  if (mc_properties_overrides (vm->properties, "Minimum"))
    add_size (file, "minimum", MIN (minimum, maximum));
  if (differ (low, DEFAULT_LOW) && differ (low, maximum * DEFAULT_LOW_PERCENT / 100))
    add_size (file, "low-watermark", MIN (low, maximum));
  if (weight > 0 && weight != DEFAULT_WEIGHT)
    g_string_append_printf (file, "weight=%" G_GUINT64_FORMAT "\n", weight);
  if (g_strcmp0 (status, "opted-out") == 0 || g_strcmp0 (status, "unsupported") == 0)
    g_string_append_printf (file, "# %s\nmanaged=no\n", status);
}

static void
add_vm (GString *file, const McModelVm *vm)
{
  guint64 maximum = size_of (vm, "Maximum");
  g_autofree char *clean = mc_plain_text (vm->name);
  g_autofree char *group = name_group (vm);

  g_string_append_c (file, '\n');
  if (maximum < LEAST_VM)
    {
      g_string_append_printf (file, "# %s is left out: its maximum is not known, or below 64 MiB\n",
                              clean);
      return;
    }
  if (g_strcmp0 (group, vm->name) != 0)
    g_string_append_printf (file, "# %s, a name that cannot stand below\n", clean);
  g_string_append_printf (file, "[vm %s]\n", group);
  add_size (file, "maximum", maximum);
  add_size (file, "start", CLAMP (size_of (vm, "Balloon"), LEAST_VM, maximum));
  add_use (file, vm);
  add_policy (file, vm, maximum);
}

/* Returns: (transfer full) */
static char *
describe (const McModel *model)
{
  GString *file = g_string_new (preface);

  add_host (file, model);
  for (guint i = 0; i < model->vms->len; i++)
    add_vm (file, g_ptr_array_index (model->vms, i));
  return g_string_free (file, FALSE);
}

/* A link stays one, and leads to what is written; a device is not replaced by a file. */
static gboolean
write_over (const char *path, const char *text, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  if (g_file_replace_contents (file, text, strlen (text), NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                               NULL, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* Only with @force is there anything lost. */
static gboolean
write_file (const char *path, const char *text, gboolean force, GError **error)
{
  int fd = -1;

  if (!force)
    fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (!force && fd < 0)
    {
      int code = errno;

      if (code == EEXIST)
        g_set_error (error, MC_CLIENT_ERROR, MC_EXIT_FAILED,
                     _ ("%s exists already; use \"--force\" to overwrite it"), path);
      else
        g_set_error (error, MC_CLIENT_ERROR, MC_EXIT_FAILED, "%s: %s", path, g_strerror (code));
      return FALSE;
    }
  if (fd >= 0)
    g_close (fd, NULL);
  return write_over (path, text, error);
}

int
mc_cmd_world (McClient *client, int argc, char **argv)
{
  gboolean force = FALSE;
  const GOptionEntry entries[] = {
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, N_ ("Overwrite an existing file"), NULL },
    { NULL },
  };
  g_autoptr (McModel) model = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!mc_command_parse (client, entries, (McArity){ 0, 1 }, &argc, &argv))
    return MC_EXIT_USAGE;
  if (client->json)
    return mc_command_misused ("world", "%s", _ ("a world file is not JSON"));
  model = mc_model_load (client, &error);
  if (model == NULL)
    return mc_client_fail (client, error);
  if (mc_properties_number (model->host, "HostTotal") == 0)
    g_set_error (&error, MC_CLIENT_ERROR, MC_EXIT_FAILED,
                 _ ("the host's memory is not known yet: try again in a moment"));
  if (error != NULL)
    return mc_client_fail (client, error);
  text = describe (model);
  if (argc < 2)
    g_print ("%s", text);
  else if (!write_file (argv[1], text, force, &error))
    return mc_client_fail (client, error);
  return MC_EXIT_OK;
}
