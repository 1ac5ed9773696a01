/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is judged of what a service shows, however long that has lasted. */
#include "config.h"

#include "health.h"

#define NOW_US   (G_GINT64_CONSTANT (1800000000) * G_USEC_PER_SEC)
#define MINUTE_S 60
#define HOUR_S   (60 * MINUTE_S)
#define DAY_S    (24 * HOUR_S)

static const McPatience patience = { 5 * MINUTE_S, 10 * MINUTE_S };

static guint64
ago (guint64 seconds)
{
  return NOW_US - seconds * G_USEC_PER_SEC;
}

static void
add_text (GVariantDict *dict, const char *name, const char *text)
{
  g_variant_dict_insert (dict, name, "s", text);
}

static void
add_number (GVariantDict *dict, const char *name, guint64 number)
{
  g_variant_dict_insert (dict, name, "t", number);
}

/* Returns: (transfer full): a host at rest, in that state for so long. */
static GVariantDict *
new_host (const char *state, guint64 lasted_s)
{
  GVariantDict *host = g_variant_dict_new (NULL);

  add_text (host, "State", state);
  add_number (host, "StateSince", ago (lasted_s));
  add_text (host, "HostCondition", "comfortable");
  add_text (host, "HypervisorUri", "qemu:///system");
  g_variant_dict_insert (host, "HypervisorConnected", "b", TRUE);
  return host;
}

static void
free_vm (gpointer data)
{
  McModelVm *vm = data;

  g_variant_unref (vm->properties);
  g_free (vm);
}

/* @host: (transfer full), @vm: (transfer full) (nullable). Returns: what is found of them. */
static GPtrArray *
judge (GVariantDict *host, GVariantDict *vm)
{
  g_autoptr (GVariant) properties = g_variant_ref_sink (g_variant_dict_end (host));
  g_autoptr (GPtrArray) vms = g_ptr_array_new_with_free_func (free_vm);
  McModel model = { properties, vms };

  g_variant_dict_unref (host);
  if (vm != NULL)
    {
      McModelVm *shown = g_new0 (McModelVm, 1);

      shown->name = "web";
      shown->properties = g_variant_ref_sink (g_variant_dict_end (vm));
      g_ptr_array_add (vms, shown);
      g_variant_dict_unref (vm);
    }
  return mc_health_judge (&model, &patience, NOW_US);
}

/* @text: NULL = there is none at all */
static void
check_only (GPtrArray *findings, McHealth health, const char *text)
{
  const McFinding *finding;

  if (text == NULL)
    {
      g_assert_cmpuint (findings->len, ==, 0);
      return;
    }
  g_assert_cmpuint (findings->len, ==, 1);
  finding = g_ptr_array_index (findings, 0);
  g_assert_cmpstr (finding->text, ==, text);
  g_assert_cmpint (finding->health, ==, health);
}

/* What somebody did on purpose, and has an end, counts once it was forgotten. */
static void
test_pauses (void)
{
  static const struct
  {
    const char *reason;
    gboolean ends, inhibited;
    guint64 lasted_s;
    McHealth health;
    const char *text;
  } rows[] = {
    { "update", FALSE, FALSE, MINUTE_S, MC_HEALTH_OK,
      "paused for 1m, until \"memcoordctl resume\": update" },
    { "update", FALSE, FALSE, 5 * MINUTE_S, MC_HEALTH_WARNING,
      "paused for 5m, until \"memcoordctl resume\": update" },
    { "", FALSE, TRUE, DAY_S - 1, MC_HEALTH_OK,
      "inhibited for 23h; see \"memcoordctl inhibitors\"" },
    { "", FALSE, TRUE, DAY_S, MC_HEALTH_WARNING,
      "inhibited for 1d; see \"memcoordctl inhibitors\"" },
    /* By hand and without an end, whoever inhibits beside. */
    { "update", FALSE, TRUE, HOUR_S, MC_HEALTH_WARNING,
      "paused for 1h, until \"memcoordctl resume\": update" },
    { "", TRUE, FALSE, DAY_S - 1, MC_HEALTH_OK, NULL },
    { "", TRUE, FALSE, DAY_S, MC_HEALTH_WARNING, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GVariantDict *host = new_host ("paused", rows[i].lasted_s);
      g_autoptr (GPtrArray) findings = NULL;
      const McFinding *finding;

      add_text (host, "PauseReason", rows[i].reason);
      add_number (host, "PausedUntil", rows[i].ends ? NOW_US + G_USEC_PER_SEC : 0);
      g_variant_dict_insert (host, "Inhibited", "b", rows[i].inhibited);
      findings = judge (host, NULL);
      g_assert_cmpuint (findings->len, ==, 1);
      finding = g_ptr_array_index (findings, 0);
      g_assert_cmpint (finding->health, ==, rows[i].health);
      if (rows[i].text != NULL)
        g_assert_cmpstr (finding->text, ==, rows[i].text);
      else
        g_assert_true (g_str_has_prefix (finding->text, "paused until "));
    }
}

/* Nor is libvirtd's restart, or our own start, anything to wake somebody for. */
static void
test_states_that_pass (void)
{
  static const struct
  {
    const char *state;
    gboolean connected;
    guint64 lasted_s;
    McHealth health;
    const char *text;
  } rows[] = {
    { "active", TRUE, DAY_S, MC_HEALTH_OK, NULL },
    { "starting", FALSE, MINUTE_S, MC_HEALTH_OK, "starting for 1m" },
    { "starting", FALSE, 10 * MINUTE_S, MC_HEALTH_CRITICAL, "starting for 10m" },
    { "degraded", FALSE, MINUTE_S, MC_HEALTH_WARNING,
      "degraded for 1m: qemu:///system is not connected, and nothing is moved" },
    { "degraded", FALSE, 10 * MINUTE_S, MC_HEALTH_CRITICAL,
      "degraded for 10m: qemu:///system is not connected, and nothing is moved" },
    { "degraded", TRUE, 10 * MINUTE_S, MC_HEALTH_CRITICAL,
      "degraded for 10m: nothing is moved; see \"memcoordctl status\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GVariantDict *host = new_host (rows[i].state, rows[i].lasted_s);
      g_autoptr (GPtrArray) findings = NULL;

      g_variant_dict_insert (host, "HypervisorConnected", "b", rows[i].connected);
      findings = judge (host, NULL);
      check_only (findings, rows[i].health, rows[i].text);
    }
}

/* Each status, of a VM that was managed before and of one that never was. */
static void
test_statuses (void)
{
  static const struct
  {
    const char *status;
    gboolean is_lost, is_lost_once_managed;
  } rows[] = {
    { "managed", FALSE, FALSE },    { "stuck", TRUE, TRUE },         { "busy", TRUE, TRUE },
    { "stale", TRUE, TRUE },        { "foreign", TRUE, TRUE },       { "no-stats", FALSE, TRUE },
    { "unsupported", FALSE, TRUE }, { "ineffective", FALSE, FALSE }, { "opted-out", FALSE, FALSE },
    { "paused", FALSE, FALSE },     { "suspended", FALSE, FALSE },   { "booting", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows) * 2; i++)
    {
      gboolean managed = i % 2,
               is_lost = managed ? rows[i / 2].is_lost_once_managed : rows[i / 2].is_lost;
      g_autofree char *text
          = g_strdup_printf ("cannot be managed: web (%s, 6m)", rows[i / 2].status);

      for (guint64 lasted_s = 4 * MINUTE_S; lasted_s <= 6 * MINUTE_S; lasted_s += 2 * MINUTE_S)
        {
          GVariantDict *vm = g_variant_dict_new (NULL);
          g_autoptr (GPtrArray) findings = NULL;

          add_text (vm, "Status", rows[i / 2].status);
          add_number (vm, "StatusSince", ago (lasted_s));
          add_number (vm, "LastChange", managed ? ago (DAY_S) : 0);
          findings = judge (new_host ("active", DAY_S), vm);
          check_only (findings, MC_HEALTH_WARNING,
                      is_lost && lasted_s > patience.warning_s ? text : NULL);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/health/pauses", test_pauses);
  g_test_add_func ("/ctl/health/states-that-pass", test_states_that_pass);
  g_test_add_func ("/ctl/health/statuses", test_statuses);
  return g_test_run ();
}
