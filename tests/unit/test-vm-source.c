/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where each property of a VM comes from: each field of the view has a value of its own here, and
 * GDBus finds it in that property and no other. */
#include "config.h"

#include <gio/gio.h>

#include "mc-dbus.h"
#include "vm-source.h"
#include "wire-reader.h"

#define UUID "00000000-0000-4000-8000-000000000001"

/* As long as a guint64 is: its upper half is not lost. */
#define LARGE(number) (((guint64)1 << 40) + (number))

/* What the view has here, as GVariants print it. */
static const struct
{
  const char *property, *value;
} expected[] = {
  { "Name", "'web'" },
  { "UUID", "'" UUID "'" },
  { "Id", "7" },
  { "Persistent", "true" },
  { "Status", "'stuck'" },
  { "StatusSince", "1099511627777" },
  { "StatusDetail", "'a detail'" },
  { "StatusDetailCode", "'its-code'" },
  { "Maximum", "1099511627778" },
  { "Minimum", "1099511627779" },
  { "Balloon", "1099511627780" },
  { "Target", "1099511627781" },
  { "Unused", "1099511627782" },
  { "Usable", "1099511627783" },
  { "Available", "1099511627784" },
  { "Resident", "1099511627785" },
  { "SwapInRate", "1099511627786" },
  { "SwapOutRate", "1099511627787" },
  { "StatsTime", "1099511627788" },
  { "LowWatermark", "1099511627789" },
  { "HighWatermark", "1099511627790" },
  { "Weight", "300" },
  { "Overridden", "['Weight', 'Minimum']" },
  { "PauseReason", "'a backup'" },
  { "PausedUntil", "1099511627791" },
  { "LastReason", "'a reason'" },
  { "LastReasonCode", "'no-free-memory'" },
  { "LastChange", "1099511627792" },
  { "ShortSince", "1099511627793" },
  { "NeedSeconds", "1099511627794" },
  { "GrantedBytes", "1099511627795" },
  { "ReclaimedBytes", "1099511627796" },
};

static char *own[] = { (char *)"Weight", (char *)"Minimum", NULL };

/* Its texts are not owned. */
static McVmView
make_view (void)
{
  return (McVmView){
    .name = (char *)"web",
    .id = 7,
    .persistent = TRUE,
    .status = MC_VM_STUCK,
    .status_since = LARGE (1),
    .status_detail = (char *)"a detail",
    .status_detail_code = "its-code",
    .policy = { .maximum = LARGE (2),
                .minimum = LARGE (3),
                .low_watermark = LARGE (13),
                .high_watermark = LARGE (14),
                .weight = 300 },
    .balloon = LARGE (4),
    .target = LARGE (5),
    .unused = LARGE (6),
    .usable = LARGE (7),
    .available = LARGE (8),
    .resident = LARGE (9),
    .swap_in_rate = LARGE (10),
    .swap_out_rate = LARGE (11),
    .stats_time = LARGE (12),
    .overridden = own,
    .pause_reason = (char *)"a backup",
    .paused_until = LARGE (15),
    .last_reason = (char *)"a reason",
    .last_reason_code = MC_REASON_NO_FREE_MEMORY,
    .last_change = LARGE (16),
    .short_since = LARGE (17),
    .need_seconds = LARGE (18),
    .granted = LARGE (19),
    .reclaimed = LARGE (20),
  };
}

static const McVmSource *
find (const char *property)
{
  guint n;
  const McVmSource *sources = mc_vm_sources_get (&n);

  for (guint i = 0; i < n; i++)
    if (g_str_equal (sources[i].name, property))
      return &sources[i];
  g_assert_not_reached ();
}

/* Returns: (transfer full): the value that is written, as GDBus reads and prints it. */
static char *
read_value (const char *property, const McVmView *view)
{
  const McVmSource *source = find (property);
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GVariant) value = NULL;
  WireReader reader;

  mc_vm_source_write (source, view, UUID, wire_reader_begin (&reader, source->type));
  body = wire_reader_end (&reader);
  value = g_variant_get_child_value (body, 0);
  return g_variant_print (value, FALSE);
}

static void
assert_value (const char *property, const McVmView *view, const char *printed)
{
  g_autofree char *value = read_value (property, view);

  g_test_message ("%s", property);
  g_assert_cmpstr (value, ==, printed);
}

/* Those of the description are all that there are, in its order. */
static void
test_description (void)
{
  GDBusPropertyInfo **described = mc_dbus_mem_coord1_vm_interface_info ()->properties;
  guint n;
  const McVmSource *sources = mc_vm_sources_get (&n);
  static const char *const silent[]
      = { "StatsTime", "NeedSeconds", "GrantedBytes", "ReclaimedBytes", NULL };

  g_assert_cmpuint (n, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpstr (sources[i].name, ==, described[i]->name);
      g_assert_cmpstr (sources[i].type, ==, described[i]->signature);
      g_assert_cmpint (sources[i].silent, ==, g_strv_contains (silent, sources[i].name));
    }
  g_assert_null (described[n]);
}

static void
test_each_has_its_own_field (void)
{
  const McVmView view = make_view ();

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    assert_value (expected[i].property, &view, expected[i].value);
}

/* These move with each report, and are looked at again where they are: they have to be as long as
 * the others are not. */
static void
test_figures (void)
{
  static const char *const figures[]
      = { "Balloon", "Unused", "Usable", "Available", "Resident", "SwapInRate", "SwapOutRate" };
  guint n, n_figures = 0;
  const McVmSource *sources = mc_vm_sources_get (&n);

  for (guint i = 0; i < n; i++)
    n_figures += sources[i].kind == MC_VM_SOURCE_FIGURE;
  g_assert_cmpuint (n_figures, ==, G_N_ELEMENTS (figures));
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    {
      g_assert_cmpint (find (figures[i])->kind, ==, MC_VM_SOURCE_FIGURE);
      g_assert_cmpstr (find (figures[i])->type, ==, "t");
    }
}

static void
test_each_status_and_reason (void)
{
  McVmView view = make_view ();

  for (McVmStatus status = 0; status < MC_N_VM_STATUSES; status++)
    {
      g_autofree char *nick = g_strdup_printf ("'%s'", mc_vm_status_nick (status));

      view.status = status;
      assert_value ("Status", &view, nick);
    }
  for (McReason reason = MC_REASON_NONE + 1; reason < MC_N_REASONS; reason++)
    {
      g_autofree char *nick = g_strdup_printf ("'%s'", mc_reason_nick (reason));

      view.last_reason_code = reason;
      assert_value ("LastReasonCode", &view, nick);
    }
  view.last_reason_code = MC_REASON_NONE;
  assert_value ("LastReasonCode", &view, "''");
}

static void
test_edges (void)
{
  McVmView view = make_view ();
  char *none[] = { NULL };

  view.id = -1;
  view.persistent = FALSE;
  view.overridden = none;
  view.policy.weight = G_MAXUINT32;
  view.balloon = G_MAXUINT64;
  assert_value ("Id", &view, "-1");
  assert_value ("Persistent", &view, "false");
  assert_value ("Overridden", &view, "[]");
  assert_value ("Weight", &view, "4294967295");
  assert_value ("Balloon", &view, "18446744073709551615");
  view.persistent = 2; /* a gboolean may be; on the bus there are two */
  assert_value ("Persistent", &view, "true");
}

/* A name is for programs to compare, so it stays as it is; words are for people to read. Neither
 * may be what no bus takes. */
static void
test_texts_of_strangers (void)
{
  McVmView view = make_view ();

  view.name = view.status_detail = (char *)"two\nlines";
  assert_value ("Name", &view, "'two\\nlines'");
  assert_value ("StatusDetail", &view, "'two?lines'");
  view.name = view.pause_reason = view.last_reason = (char *)"gr\xc3\xbcn \xff";
  assert_value ("Name", &view, "'grün �'");
  assert_value ("PauseReason", &view, "'grün �'");
  assert_value ("LastReason", &view, "'grün �'");
  view.name = NULL;
  assert_value ("Name", &view, "''");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vm-source/description", test_description);
  g_test_add_func ("/vm-source/fields", test_each_has_its_own_field);
  g_test_add_func ("/vm-source/figures", test_figures);
  g_test_add_func ("/vm-source/nicks", test_each_status_and_reason);
  g_test_add_func ("/vm-source/edges", test_edges);
  g_test_add_func ("/vm-source/strangers", test_texts_of_strangers);
  return g_test_run ();
}
