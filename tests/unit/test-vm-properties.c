/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's properties as they stand in a message: what GDBus reads in it is what the view has. */
#include "config.h"

#include <string.h>

#include "mc-dbus.h"
#include "names.h"
#include "vm-properties.h"
#include "wire-reader.h"

#define UUID "00000000-0000-4000-8000-000000000001"
#define PATH MC_VM_PATH_PREFIX "00000000_0000_4000_8000_000000000001"

typedef struct
{
  McVmView view;
  McVmProperties *properties;
} Fixture;

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  mc_vm_view_init (&f->view);
  set_text (&f->view.name, "web");
  f->view.id = -1;
  f->view.persistent = TRUE;
  f->view.policy.weight = 100;
  f->view.policy.minimum = 64 * MC_MIB;
  f->view.balloon = 512 * MC_MIB;
  f->view.stats_time = 1;
  f->properties = mc_vm_properties_new (UUID);
  g_assert_cmpuint (mc_vm_properties_update (f->properties, &f->view, FALSE), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  mc_vm_properties_free (f->properties);
  mc_vm_view_clear (&f->view);
}

typedef void (*Write) (Fixture *f, guint64 changed, McWire *wire);

static void
write_object (Fixture *f, guint64 changed, McWire *wire)
{
  mc_vm_properties_write_object (f->properties, wire);
}

static void
write_changed (Fixture *f, guint64 changed, McWire *wire)
{
  mc_vm_properties_write_changed (f->properties, changed, wire);
}

/* Returns: (transfer full): the body, as GDBus reads it. */
static GVariant *
read_body (Fixture *f, Write write, guint64 changed, const char *signature)
{
  WireReader reader;

  write (f, changed, wire_reader_begin (&reader, signature));
  return wire_reader_end (&reader);
}

/* Returns: (transfer full): a{sv} */
static GVariant *
read_object (Fixture *f)
{
  g_autoptr (GVariant) body = read_body (f, write_object, 0, "oa{sa{sv}}");
  g_autoptr (GVariant) interfaces = g_variant_get_child_value (body, 1);
  const char *path;

  g_variant_get_child (body, 0, "&o", &path);
  g_assert_cmpstr (path, ==, PATH);
  g_assert_cmpuint (g_variant_n_children (interfaces), ==, 1);
  return g_variant_lookup_value (interfaces, MC_VM_INTERFACE, G_VARIANT_TYPE_VARDICT);
}

/* @figures_alone: as for the update. Returns: (transfer full): what PropertiesChanged says, or NULL
 * where there is none. */
static char *
update (Fixture *f, gboolean figures_alone)
{
  guint64 changed = mc_vm_properties_update (f->properties, &f->view, figures_alone);
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) invalidated = NULL;
  const char *interface;

  if (changed == 0)
    return NULL;
  body = read_body (f, write_changed, changed, "sa{sv}as");
  g_variant_get (body, "(&s@a{sv}@as)", &interface, &values, &invalidated);
  g_assert_cmpstr (interface, ==, MC_VM_INTERFACE);
  g_assert_cmpuint (g_variant_n_children (invalidated), ==, 0);
  return g_variant_print (values, TRUE);
}

static void
assert_update (Fixture *f, gboolean figures_alone, const char *expected)
{
  g_autofree char *said = update (f, figures_alone);
  g_autoptr (GVariant) object = read_object (f);
  g_autoptr (GVariant) all = g_variant_ref_sink (mc_vm_properties_get_all (f->properties));

  g_assert_cmpstr (said, ==, expected);
  g_assert_cmpvariant (object, all);
}

static void
assert_shown (Fixture *f, const char *name, const char *expected)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (mc_vm_properties_get (f->properties, name));
  g_autofree char *text = g_variant_print (value, FALSE);

  g_assert_cmpstr (text, ==, expected);
}

/* Every property that the description has, in its order and of its type. */
static void
test_description (Fixture *f, gconstpointer data)
{
  const GDBusInterfaceInfo *interface = mc_dbus_mem_coord1_vm_interface_info ();
  g_autoptr (GVariant) object = read_object (f);
  gsize n = g_variant_n_children (object);

  for (gsize i = 0; i < n; i++)
    {
      const GDBusPropertyInfo *info = interface->properties[i];
      g_autoptr (GVariant) value = NULL, alone = NULL;
      const char *name;

      g_variant_get_child (object, i, "{&sv}", &name, &value);
      alone = g_variant_ref_sink (mc_vm_properties_get (f->properties, name));
      g_assert_cmpstr (name, ==, info->name);
      g_assert_cmpstr (g_variant_get_type_string (value), ==, info->signature);
      g_assert_cmpvariant (value, alone);
    }
  g_assert_null (interface->properties[n]);
  g_assert_null (mc_vm_properties_get (f->properties, "Nothing"));
  g_assert_cmpstr (mc_vm_properties_get_path (f->properties), ==, PATH);
}

static void
test_values (Fixture *f, gconstpointer data)
{
  assert_shown (f, "Name", "'web'");
  assert_shown (f, "UUID", "'" UUID "'");
  assert_shown (f, "Id", "-1");
  assert_shown (f, "Persistent", "true");
  assert_shown (f, "Weight", "100");
  assert_shown (f, "Minimum", "67108864");
  assert_shown (f, "Overridden", "[]");
  assert_shown (f, "LastReasonCode", "''");
}

static void
test_figures_that_move_little_are_not_told (Fixture *f, gconstpointer data)
{
  f->view.balloon += MC_MIB - 1;
  f->view.stats_time = 77;
  assert_update (f, TRUE, NULL);
  assert_shown (f, "Balloon", "536870912");
  assert_shown (f, "StatsTime", "77"); /* that is there for who reads it */
  f->view.balloon++;
  f->view.unused = 1; /* from nothing */
  assert_update (f, TRUE, "{'Balloon': <uint64 537919488>, 'Unused': <uint64 1>}");
  assert_update (f, TRUE, NULL);
  f->view.unused = 0;
  f->view.balloon -= 5;
  assert_update (f, TRUE, "{'Unused': <uint64 0>}");
  assert_shown (f, "Balloon", "537919488");
}

/* Those that are near enough stay as they are shown, whatever else changes. */
static void
test_only_what_changed_is_told (Fixture *f, gconstpointer data)
{
  char *own[] = { (char *)"LowWatermark", (char *)"Weight", NULL };
  char **none = f->view.overridden;

  f->view.balloon += 5;
  f->view.policy.weight = 7;
  f->view.overridden = own;
  set_text (&f->view.pause_reason, "a reason that is longer than what was there");
  assert_update (f, FALSE,
                 "{'Weight': <uint32 7>, 'Overridden': <['LowWatermark', 'Weight']>, "
                 "'PauseReason': <'a reason that is longer than what was there'>}");
  assert_shown (f, "Balloon", "536870912");
  f->view.overridden = none;
  set_text (&f->view.pause_reason, "");
  assert_update (f, FALSE, "{'Overridden': <@as []>, 'PauseReason': <''>}");
  assert_update (f, FALSE, NULL);
}

static void
test_what_changes_back_before_it_was_told_is_not_told (Fixture *f, gconstpointer data)
{
  f->view.balloon += 100 * MC_MIB;
  f->view.target = 5;
  f->view.balloon -= 100 * MC_MIB;
  f->view.target = 0;
  f->view.revision += 2;
  assert_update (f, FALSE, NULL);
}

static void
test_texts_of_strangers (Fixture *f, gconstpointer data)
{
  set_text (&f->view.name, "gr\xc3\xbcn \xff");
  set_text (&f->view.status_detail, "two\nlines");
  assert_update (f, FALSE, "{'Name': <'grün �'>, 'StatusDetail': <'two?lines'>}");
}

static void
test_long_texts (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (200000, 'n');
  g_autofree char *said = NULL;

  set_text (&f->view.name, name);
  said = update (f, FALSE);
  g_assert_cmpuint (strlen (said), ==, 200000 + strlen ("{'Name': <''>}"));
  f->view.balloon = 0;
  assert_update (f, TRUE, "{'Balloon': <uint64 0>}");
  set_text (&f->view.name, "n");
  assert_update (f, FALSE, "{'Name': <'n'>}");
}

#define TEST(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("/vm-properties/description", test_description);
  TEST ("/vm-properties/values", test_values);
  TEST ("/vm-properties/little", test_figures_that_move_little_are_not_told);
  TEST ("/vm-properties/changed", test_only_what_changed_is_told);
  TEST ("/vm-properties/changed-back", test_what_changes_back_before_it_was_told_is_not_told);
  TEST ("/vm-properties/strangers", test_texts_of_strangers);
  TEST ("/vm-properties/long", test_long_texts);
  return g_test_run ();
}
