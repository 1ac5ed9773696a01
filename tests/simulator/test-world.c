/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* World files: what is in one is what is run, what is told of it, and what is wrong in others. */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "report-world.h"
#include "world-file.h"

#define HOST_GROUP "[host]\ntotal=4G\nbase=500M\nlength=300\n"
#define VM_GROUP   "[vm one]\nmaximum=1G\n"

static char *
write_file (const char *text)
{
  char *path = NULL;
  int file = g_file_open_tmp ("test-XXXXXX.world", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  g_close (file, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* Returns: (transfer full): free with g_free(); NULL with @error set. */
static SimLoad *
load_text (const char *text, GError **error)
{
  g_autofree char *path = write_file (text);
  SimLoad *load = sim_world_file_load (path, error);

  g_unlink (path);
  return load;
}

static SimLoad *
load_well (const char *text)
{
  g_autoptr (GError) error = NULL;
  SimLoad *load = load_text (text, &error);

  g_assert_no_error (error);
  return load;
}

/* Returns: (transfer full): what is printed. */
static char *
print (const char *path, const char *only, gboolean json)
{
  SimReport report = { .only = only };
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream (&text, &length);

  sim_report_world (&report, path, json, out, &error);
  g_assert_no_error (error);
  fclose (out);
  return text;
}

static void
test_defaults (void)
{
  g_autofree SimLoad *load = load_well ("[host]\ntotal=4G\n[vm one]\nmaximum=1G\n");
  const SimPlan *plan = &load->vms[0];

  g_assert_cmpuint (load->n, ==, 1);
  g_assert_cmpuint (load->seconds, ==, 900);
  g_assert_cmpfloat (load->total, ==, 4096);
  g_assert_cmpfloat (load->base[899], ==, 0);
  g_assert_cmpstr (plan->name, ==, "one");
  g_assert_cmpfloat (plan->capacity, ==, 1024);
  g_assert_cmpfloat (plan->begins, ==, 1024);
  g_assert_cmpfloat (plan->minimum, ==, sim_default_minimum (1024));
  g_assert_cmpfloat (plan->low, ==, 100);
  g_assert_cmpuint (plan->weight, ==, 100);
  g_assert_cmpint (plan->kernel, ==, SIM_KERNEL_6_12);
  g_assert_false (plan->opted_out);
}

static void
test_every_key (void)
{
  g_autofree SimLoad *load
      = load_well (HOST_GROUP "[vm one]\nmaximum=2G\nstart=1.5G\nown=70M\ninflate=80M\n"
                              "deflate=500M\nweight=7\nminimum=300M\nlow-watermark=200M\n"
                              "managed=no\nkernel=6.1\nforeign=10:1G 20:512M\ncount=2\n"
                              "hold=1G # a comment\n"
                              "[vm two]\nmaximum=512M\n");
  const SimPlan *plan = &load->vms[1];

  g_assert_cmpuint (load->n, ==, 3);
  g_assert_cmpuint (load->seconds, ==, 300);
  g_assert_cmpfloat (load->base[0], ==, 500);
  g_assert_cmpstr (load->vms[0].name, ==, "one-1");
  g_assert_cmpstr (plan->name, ==, "one-2");
  g_assert_cmpstr (load->vms[2].name, ==, "two");
  g_assert_cmpfloat (plan->capacity, ==, 2048);
  g_assert_cmpfloat (plan->begins, ==, 1536);
  g_assert_cmpfloat (plan->own, ==, 70);
  g_assert_cmpfloat (plan->inflate, ==, 80);
  g_assert_cmpfloat (plan->deflate, ==, 500);
  g_assert_cmpuint (plan->weight, ==, 7);
  g_assert_cmpfloat (plan->minimum, ==, 300);
  g_assert_cmpfloat (plan->low, ==, 200);
  g_assert_cmpfloat (plan->high, ==, 200);
  g_assert_true (plan->opted_out);
  g_assert_cmpint (plan->kernel, ==, SIM_KERNEL_6_1);
  g_assert_cmpuint (plan->n_events, ==, 2);
  g_assert_cmpuint (plan->events[1].t, ==, 20);
  g_assert_cmpfloat (plan->events[1].value, ==, 512);
  g_assert_cmpfloat (plan->demand[299], ==, 1024);
}

static void
test_schedules (void)
{
  g_autofree SimLoad *load
      = load_well (HOST_GROUP "[vm one]\nmaximum=1G\nhold=5:200M 60:900M@50M 100:100M@200M\n"
                              "cache=10:100M@10M\n");
  const SimPlan *plan = &load->vms[0];

  g_assert_cmpfloat (plan->demand[4], ==, 0);
  g_assert_cmpfloat (plan->demand[5], ==, 200);
  g_assert_cmpfloat (plan->demand[59], ==, 200);
  g_assert_cmpfloat (plan->demand[60], ==, 250);
  g_assert_cmpfloat (plan->demand[73], ==, 900);
  g_assert_cmpfloat (plan->demand[100], ==, 700);
  g_assert_cmpfloat (plan->demand[299], ==, 100);
  g_assert_cmpfloat (plan->cold_cache[14], ==, 50);
}

static void
test_errors (void)
{
  const struct
  {
    const char *text, *told;
  } wrong[] = {
    { "", ": [host]: is missing" },
    { "nonsense", "test-" },
    { "[host]\n", ": [host] total: is missing" },
    { "[host]\ntotal=much\n", ": [host] total=much: 'much' is not a size, such as 150M or 1.5G" },
    { "[host]\ntotal=4G\nlength=0\n", ": [host] length=0: is not a number of 1 to 3600" },
    { "[host]\ntotal=4G\nfull=yes\n", ": [host] full=yes: there is no such key; there are total" },
    { HOST_GROUP, ": [host]: there is no [vm NAME] beside it" },
    { HOST_GROUP "[vm]\n", ": [vm]: groups are [host] and [vm NAME]" },
    { HOST_GROUP "[guest one]\n", ": [guest one]: groups are [host] and [vm NAME]" },
    { HOST_GROUP "[vm one]\n", ": [vm one] maximum: is missing" },
    { HOST_GROUP "[vm one]\nmaximum=1M\n", ": [vm one] maximum=1M: is 1 MiB, and has to be 64" },
    { HOST_GROUP VM_GROUP "start=2G\n", ": [vm one] start=2G: is 2048 MiB, and has to be" },
    { HOST_GROUP VM_GROUP "minimum=-1\n", ": [vm one] minimum=-1: '-1' is not a size" },
    { HOST_GROUP VM_GROUP "colour=red\n", ": [vm one] colour=red: there is no such key" },
    { HOST_GROUP VM_GROUP "kernel=5.10\n", ": [vm one] kernel=5.10: is 6.1 or 6.12" },
    { HOST_GROUP VM_GROUP "managed=true\n", ": [vm one] managed=true: is yes or no" },
    { HOST_GROUP VM_GROUP "weight=0\n", ": [vm one] weight=0: is not a number of 1 to 10000" },
    { HOST_GROUP VM_GROUP "count=201\n", ": [vm one] count=201: is not a number of 1 to 200" },
    { HOST_GROUP "[vm a]\nmaximum=1G\ncount=150\n[vm b]\nmaximum=1G\ncount=60\n",
      ": [vm b]: there are more than 200 VMs in all" },
    { HOST_GROUP "[vm a]\nmaximum=1G\ncount=2\n[vm a-1]\nmaximum=1G\n",
      ": [host]: two VMs are called 'a-1'" },
    { HOST_GROUP VM_GROUP "hold=soon:1G\n", ": [vm one] hold=soon:1G: 'soon:1G' does not begin" },
    { HOST_GROUP VM_GROUP "hold=9:1G 9:2G\n", ": [vm one] hold=9:1G 9:2G: '9:2G' is not after" },
    { HOST_GROUP VM_GROUP "hold=9:1G@\n", "'' is not a size" },
    { HOST_GROUP VM_GROUP "cache=9:1G@0\n", "'9:1G@0' has a rate of nothing a second" },
    { HOST_GROUP VM_GROUP "foreign=9:1G@1M\n", "is set at once: it has no rate" },
    { HOST_GROUP VM_GROUP "foreign=9:1G 20:2G\n",
      ": [vm one] foreign=9:1G 20:2G: 2048 MiB are more than its maximum, 1024 MiB" },
    { HOST_GROUP VM_GROUP "start=512M\n" VM_GROUP, ": [vm one]: is there twice" },
    { HOST_GROUP VM_GROUP "[host]\nlength=60\n", ": [host]: is there twice" },
    { HOST_GROUP VM_GROUP "hold=1G\n hold = 2G\n", ": [vm one] hold=2G: is there twice" },
    { HOST_GROUP VM_GROUP "hold=0:1G\\\n", ": [vm one] hold=0:1G\\: '1G\\' is not a size" },
    { HOST_GROUP VM_GROUP "own=\377\n", ": [vm one] own=\377: '\377' is not a size" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree SimLoad *load = load_text (wrong[i].text, &error);

      g_assert_null (load);
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, "test-")); /* the file */
      if (strstr (error->message, wrong[i].told) == NULL)
        g_test_message ("'%s' is not in '%s'", wrong[i].told, error->message);
      g_assert_nonnull (strstr (error->message, wrong[i].told));
    }
}

/* libvirt's names are longer than most. */
static void
test_long_names (void)
{
  g_autofree char *name = g_strnfill (63, 'x');
  g_autofree char *text = g_strdup_printf (HOST_GROUP "[vm %s]\nmaximum=1G\ncount=200\n", name);
  g_autofree char *last = g_strdup_printf ("%s-200", name);
  g_autofree char *longer = g_strdup_printf (HOST_GROUP "[vm %sx]\nmaximum=1G\n", name);
  g_autofree SimLoad *load = load_well (text);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (load->vms[199].name, ==, last);
  g_assert_null (load_text (longer, &error));
  g_assert_nonnull (strstr (error->message, "with names of up to 63 bytes"));
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree SimLoad *load = sim_world_file_load ("/nonexistent/my.world", &error);

  g_assert_null (load);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/nonexistent/my.world"));
}

static void
assert_balanced (const char *json)
{
  int depth = 0;

  for (const char *p = json; *p != '\0'; p++)
    {
      depth += (*p == '{') - (*p == '}');
      g_assert_cmpint (depth, >=, *p == '\n' ? 0 : p[1] == '\n' || p[1] == '\0' ? 0 : 1);
    }
  g_assert_cmpint (depth, ==, 0);
}

/* Returns: the figure behind @key, which is looked for behind @after. */
static double
figure (const char *json, const char *after, const char *key)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\": ", key);
  const char *from = strstr (json, after), *at;

  g_assert_nonnull (from);
  at = strstr (from, quoted);
  g_assert_nonnull (at);
  return g_ascii_strtod (at + strlen (quoted), NULL);
}

static void
test_json (void)
{
  const char *vm_keys[] = { "swap_in_mb",     "stalled_s", "need_s", "balloon_min_mb",
                            "balloon_end_mb", "moves",     "killed" };
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "samples", "office.world", NULL);
  g_autofree char *json = print (path, "none*,MemCoord", TRUE);
  const char *ours = strstr (json, "\"MemCoord\": {\"host\": {\"floor_mb\": ");

  g_assert_true (g_str_has_prefix (json, "{\"coordinator\": {\"none (static)\": {\"host\": {"));
  g_assert_nonnull (ours);
  assert_balanced (json);
  g_assert_null (strstr (json, "qmemman"));
  g_assert_nonnull (strstr (ours, "\"vms\": {\"database\": {"));
  g_assert_nonnull (strstr (ours, "\"web-1\": {"));
  g_assert_nonnull (strstr (ours, "\"web-3\": {"));
  for (guint i = 0; i < G_N_ELEMENTS (vm_keys); i++)
    figure (ours, "\"batch\"", vm_keys[i]);

  /* Without anybody the database swaps for minutes; with us less, and the host keeps its reserve.
   */
  g_assert_cmpfloat (figure (json, "\"database\"", "swap_in_mb"), >, 4000);
  g_assert_cmpfloat (figure (json, "\"database\"", "stalled_s"), >, 120);
  g_assert_cmpfloat (figure (ours, "\"database\"", "swap_in_mb"), <, 4000);
  g_assert_cmpfloat (figure (ours, "host", "reserve_s"), ==, 0);
  g_assert_cmpfloat (figure (ours, "host", "floor_mb"), >, SIM_RESERVE);
  g_assert_cmpfloat (figure (ours, "host", "used_percent_end"), <=, 100);
  g_assert_cmpfloat (figure (json, "none", "moves"), ==, 0);
  g_assert_cmpfloat (figure (ours, "used_percent_end", "moves"), >, 0);
  g_assert_cmpfloat (figure (ours, "used_percent_end", "moved_mb"), >, 0);
  g_assert_cmpfloat (figure (ours, "\"database\"", "balloon_min_mb"), >=, 1024);
  g_assert_cmpfloat (figure (ours, "\"batch\"", "balloon_end_mb"), <=, 4096);
}

static void
test_names_are_quoted (void)
{
  g_autofree char *path = write_file (HOST_GROUP "[vm a\"\\\\b]\nmaximum=1G\n");
  g_autofree char *json = print (path, "MemCoord", TRUE);

  g_unlink (path);
  g_assert_nonnull (strstr (json, "{\"a\\\"\\\\\\\\b\": {\"swap_in_mb\""));
}

static void
test_for_people (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "samples", "office.world", NULL);
  g_autofree char *text = print (path, NULL, FALSE);
  g_autofree char *again = print (path, NULL, FALSE);

  g_assert_nonnull (strstr (text, "## office.world: 5 VMs, 8192 MiB host, 900 s"));
  g_assert_nonnull (strstr (text, "\n| none (static) | "));
  g_assert_nonnull (strstr (text, "\n| qmemman, scaled | "));
  g_assert_nonnull (strstr (text, "\n### MemCoord\n"));
  g_assert_nonnull (strstr (text, "\n| web-2 | 2048 | "));
  g_assert_cmpstr (text, ==, again);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  sim_tuning = mc_tuning_default;
  g_test_add_func ("/simulator/world/defaults", test_defaults);
  g_test_add_func ("/simulator/world/every-key", test_every_key);
  g_test_add_func ("/simulator/world/schedules", test_schedules);
  g_test_add_func ("/simulator/world/errors", test_errors);
  g_test_add_func ("/simulator/world/long-names", test_long_names);
  g_test_add_func ("/simulator/world/no-file", test_no_file);
  g_test_add_func ("/simulator/world/json", test_json);
  g_test_add_func ("/simulator/world/names", test_names_are_quoted);
  g_test_add_func ("/simulator/world/for-people", test_for_people);
  return g_test_run ();
}
