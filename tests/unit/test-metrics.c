/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From properties to the text that monitoring systems read. */
#include "config.h"

#include "families.h"
#include "metrics.h"
#include "report-family.h"

#include <string.h>

static char *
expose (const char *host, const char *const *vms, McFormat format)
{
  g_autoptr (McMetrics) metrics = mc_metrics_new ();
  g_autoptr (GVariant) properties
      = host != NULL ? g_variant_ref_sink (g_variant_new_parsed (host)) : NULL;

  if (properties != NULL)
    mc_metrics_set_host (metrics, properties);
  for (; vms != NULL && *vms != NULL; vms++)
    {
      g_autoptr (GVariant) vm = g_variant_ref_sink (g_variant_new_parsed (*vms));

      mc_metrics_add_vm (metrics, vm);
    }
  return mc_metrics_format (metrics, format);
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *begun = g_strconcat ("\n", text, NULL);
  g_autofree char *whole = g_strconcat ("\n", line, "\n", NULL);

  if (strstr (begun, whole) == NULL)
    g_error ("\"%s\" is no line of:\n%s", line, text);
}

static void
assert_without (const char *text, const char *what)
{
  if (strstr (text, what) != NULL)
    g_error ("\"%s\" is in:\n%s", what, text);
}

static void
test_away (void)
{
  g_autofree char *open = expose (NULL, NULL, MC_FORMAT_OPENMETRICS);
  g_autofree char *older = expose (NULL, NULL, MC_FORMAT_PROMETHEUS);

  g_assert_cmpstr (open, ==,
                   "# TYPE memcoord_up gauge\n# HELP memcoord_up Whether the service answers.\n"
                   "memcoord_up 0\n# EOF\n");
  g_assert_cmpstr (older, ==,
                   "# TYPE memcoord_up gauge\n# HELP memcoord_up Whether the service answers.\n"
                   "memcoord_up 0\n");
}

static void
test_base_units (void)
{
  const char *const vms[] = { "{'Name': <'a'>, 'UUID': <'u'>, 'Status': <'managed'>,"
                              " 'StatsTime': <uint64 1500000000000007>,"
                              " 'Balloon': <uint64 18446744073709551614>}",
                              NULL };
  g_autofree char *text = expose ("{'State': <'running'>, 'HostUsedPercent': <12.5>,"
                                  " 'HostUsageLimit': <uint32 75>, 'DryRun': <true>,"
                                  " 'HostReserve': <uint64 209715200>, 'ReloadError': <''>}",
                                  vms, MC_FORMAT_OPENMETRICS);

  assert_line (text, "memcoord_up 1");
  assert_line (text, "memcoord_host_used_ratio 0.125");
  assert_line (text, "memcoord_host_usage_limit_ratio 0.75");
  assert_line (text, "memcoord_dry_run 1");
  assert_line (text, "memcoord_reload_refused 0");
  assert_line (text, "# UNIT memcoord_host_reserve_bytes bytes");
  assert_line (text, "memcoord_host_reserve_bytes 209715200");
  assert_line (text, "memcoord_vm_status{vm=\"a\",uuid=\"u\",status=\"managed\"} 1");
  assert_line (text, "memcoord_vm_stats_timestamp_seconds{vm=\"a\",uuid=\"u\"} 1500000000.000007");
  assert_line (text, "memcoord_vm_balloon_bytes{vm=\"a\",uuid=\"u\"} 18446744073709551614");
}

/* What the two formats call otherwise. */
static void
test_formats (void)
{
  const char *host = "{'State': <'running'>, 'Version': <'1.2'>, 'Moves': <uint64 7>,"
                     " 'NeedSeconds': <1.5>}";
  g_autofree char *open = expose (host, NULL, MC_FORMAT_OPENMETRICS);
  g_autofree char *older = expose (host, NULL, MC_FORMAT_PROMETHEUS);

  assert_line (open, "# TYPE memcoord_moves counter");
  assert_line (open, "memcoord_moves_total 7");
  assert_line (open, "# TYPE memcoord_build info");
  assert_line (open, "memcoord_build_info{version=\"1.2\"} 1");
  assert_line (open, "memcoord_need_seconds_total 1.5");
  g_assert_true (g_str_has_suffix (open, "\n# EOF\n"));
  assert_line (older, "# TYPE memcoord_moves_total counter");
  assert_line (older, "memcoord_moves_total 7");
  assert_line (older, "# TYPE memcoord_build_info gauge");
  assert_line (older, "memcoord_build_info{version=\"1.2\"} 1");
  assert_without (older, "# UNIT");
  assert_without (older, "# EOF");
}

static void
test_names_are_escaped (void)
{
  const char *const vms[]
      = { "{'Name': <'a\"b\\\\c\\nd=\\'{}'>, 'UUID': <'u'>, 'Status': <'stuck'>}", NULL };
  g_autofree char *text = expose ("{'State': <'running'>}", vms, MC_FORMAT_OPENMETRICS);

  assert_line (text,
               "memcoord_vm_status{vm=\"a\\\"b\\\\c\\nd='{}\",uuid=\"u\",status=\"stuck\"} 1");
}

/* A property that is not there, has a type that nobody expects, or says by 0 that it is none. */
static void
test_unknown_is_left_out (void)
{
  const char *const vms[] = { "{'Name': <'a'>, 'UUID': <'u'>, 'Status': <'no-stats'>,"
                              " 'Usable': <uint64 0>, 'StatsTime': <uint64 0>,"
                              " 'Minimum': <uint64 0>, 'Balloon': <@as []>,"
                              " 'LastChange': <5.0>, 'ShortSince': <uint64 0>}",
                              NULL };
  g_autofree char *text
      = expose ("{'State': <'running'>, 'HostPromised': <uint64 0>}", vms, MC_FORMAT_OPENMETRICS);

  assert_line (text, "memcoord_host_promised_bytes 0");
  assert_line (text, "memcoord_vm_minimum_bytes{vm=\"a\",uuid=\"u\"} 0");
  assert_line (text, "memcoord_vm_short{vm=\"a\",uuid=\"u\"} 0");
  assert_without (text, "usable");
  assert_without (text, "timestamp");
  assert_without (text, "balloon");
  assert_without (text, "moves");
}

static void
test_states (void)
{
  g_autofree char *known
      = expose ("{'State': <'paused'>, 'HostCondition': <'tight'>}", NULL, MC_FORMAT_OPENMETRICS);
  g_autofree char *later = expose ("{'State': <'dreaming'>}", NULL, MC_FORMAT_OPENMETRICS);

  assert_line (known, "memcoord_state{state=\"paused\"} 1");
  assert_line (known, "memcoord_state{state=\"running\"} 0");
  assert_line (known, "memcoord_host_condition{condition=\"tight\"} 1");
  assert_line (known, "memcoord_host_condition{condition=\"critical\"} 0");
  assert_line (later, "memcoord_state{state=\"running\"} 0");
  assert_line (later, "memcoord_state{state=\"dreaming\"} 1");
}

/* What is set, and what is counted, is so all the same. */
static void
test_degraded_has_no_figures (void)
{
  const char *const vms[] = { "{'Name': <'a'>, 'UUID': <'u'>, 'Status': <'busy'>,"
                              " 'Balloon': <uint64 5>, 'Maximum': <uint64 9>}",
                              NULL };
  g_autofree char *text = expose ("{'State': <'degraded'>, 'HostAvailable': <uint64 5>,"
                                  " 'HostReserve': <uint64 6>, 'Moves': <uint64 7>}",
                                  vms, MC_FORMAT_OPENMETRICS);

  assert_without (text, "memcoord_host_available_bytes");
  assert_without (text, "condition");
  assert_without (text, "balloon");
  assert_line (text, "memcoord_host_reserve_bytes 6");
  assert_line (text, "memcoord_moves_total 7");
  assert_line (text, "memcoord_vm_maximum_bytes{vm=\"a\",uuid=\"u\"} 9");
  assert_line (text, "memcoord_vm_status{vm=\"a\",uuid=\"u\",status=\"busy\"} 1");
}

/* All samples of a family stand together, whatever comes from whom. */
static void
test_families_stand_together (void)
{
  const char *const vms[] = { "{'Name': <'a'>, 'UUID': <'1'>, 'Status': <'managed'>,"
                              " 'Balloon': <uint64 1>, 'Target': <uint64 2>}",
                              "{'Name': <'b'>, 'UUID': <'2'>, 'Status': <'managed'>,"
                              " 'Target': <uint64 4>, 'Balloon': <uint64 3>}",
                              NULL };
  g_autofree char *text = expose ("{'State': <'running'>}", vms, MC_FORMAT_PROMETHEUS);

  g_assert_nonnull (strstr (text, "# HELP memcoord_vm_balloon_bytes Memory that the guest has "
                                  "now.\n"
                                  "memcoord_vm_balloon_bytes{vm=\"a\",uuid=\"1\"} 1\n"
                                  "memcoord_vm_balloon_bytes{vm=\"b\",uuid=\"2\"} 3\n"
                                  "# TYPE memcoord_vm_target_bytes gauge\n"));
}

/* A unit is the end of the name, and no name is there twice: the format asks for both. */
static void
test_table_is_sound (void)
{
  const McFamily *const tables[] = { mc_host_families, mc_vm_families };
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const McFamily *family = tables[i]; family->property != NULL; family++)
      {
        g_assert_true (g_hash_table_add (names, (gpointer)family->head.name));
        g_assert_true (family->head.unit == NULL
                       || g_str_has_suffix (family->head.name, family->head.unit));
        g_assert_true (g_str_has_suffix (family->head.help, "."));
      }
}

static void
assert_report (const McFamilyHead *head,
               const char *name,
               const char *type,
               const char *description)
{
  g_autofree char *its_name = mc_report_family_name (head);

  g_assert_cmpstr (its_name, ==, name);
  g_assert_cmpstr (mc_report_family_type (head), ==, type);
  g_assert_cmpstr (mc_report_family_description (head), ==, description);
}

static void
test_reports (void)
{
  const McFamilyText text = { "state", NULL, "The state." };
  const McFamilyHead gauge
      = { "memcoord_vm_low_watermark_bytes", MC_FAMILY_GAUGE, "bytes", "Low." };
  const McFamilyHead counter = { "memcoord_moves", MC_FAMILY_COUNTER, NULL, "Moved." };
  const McFamilyHead word = { "memcoord_state", MC_FAMILY_GAUGE, NULL, "1 for it.", &text };

  assert_report (&gauge, "org.example.MemCoord.VmLowWatermarkBytes", "gauge", "Low.");
  assert_report (&counter, "org.example.MemCoord.Moves", "counter", "Moved.");
  assert_report (&word, "org.example.MemCoord.State", "string", "The state.");
}

/* Where Prometheus tells two apart by what their types add, a report does not. */
static void
add_report_name (const McFamilyHead *head, gpointer names)
{
  g_assert_true (g_hash_table_add (names, mc_report_family_name (head)));
}

static void
test_no_two_have_one_name_in_reports (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  mc_metrics_foreach_family (add_report_name, names);
  g_assert_cmpuint (g_hash_table_size (names), >, 30);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/away", test_away);
  g_test_add_func ("/metrics/base-units", test_base_units);
  g_test_add_func ("/metrics/formats", test_formats);
  g_test_add_func ("/metrics/names-are-escaped", test_names_are_escaped);
  g_test_add_func ("/metrics/unknown-is-left-out", test_unknown_is_left_out);
  g_test_add_func ("/metrics/states", test_states);
  g_test_add_func ("/metrics/degraded-has-no-figures", test_degraded_has_no_figures);
  g_test_add_func ("/metrics/families-stand-together", test_families_stand_together);
  g_test_add_func ("/metrics/table-is-sound", test_table_is_sound);
  g_test_add_func ("/metrics/reports", test_reports);
  g_test_add_func ("/metrics/no-two-have-one-name-in-reports",
                   test_no_two_have_one_name_in_reports);
  return g_test_run ();
}
