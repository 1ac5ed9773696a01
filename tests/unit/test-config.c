/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: what it takes, and what it says of what it does not take. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config-file.h"
#include "file-fixture.h"
#include "policy-settings.h"

static McConfig *
load (FileFixture *f, const char *text, gssize length, GError **error)
{
  g_assert_true (g_file_set_contents (f->path, text, length, NULL));
  return mc_config_load (f->path, TRUE, error);
}

static McConfig *
load_well (FileFixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  McConfig *config = load (f, text, -1, &error);

  g_assert_no_error (error);
  return config;
}

/* Each key reaches the setting that it names, and no other. */
static void
test_every_key (FileFixture *f, gconstpointer data)
{
  g_autoptr (McConfig) config = load_well (f, "[Thresholds]\n"
                                              "low-watermark=200M\n"
                                              "high-watermark = 1.5G\n"
                                              "host-reserve=2GiB\n"
                                              "host-usage-limit=80\n"
                                              "step-limit=10\n"
                                              "interval=30\n"
                                              "\n"
                                              "# a comment\n"
                                              "[Policy]\n"
                                              "cache-growth=never\n"
                                              "weight=250\n"
                                              "minimum=256M\n"
                                              "manage=marked\n"
                                              "dry-run=true\n"
                                              "on-stop=keep\n"
                                              "stats-period=7\n");

  g_assert_cmpuint (config->policy.thresholds.low_watermark, ==, 200 * MC_MIB);
  g_assert_cmpuint (config->policy.thresholds.high_watermark, ==, 1536 * MC_MIB);
  g_assert_cmpuint (config->policy.thresholds.host_reserve, ==, 2 * MC_GIB);
  g_assert_cmpuint (config->policy.thresholds.host_usage_limit, ==, 80);
  g_assert_cmpuint (config->policy.thresholds.step_limit, ==, 10);
  g_assert_cmpuint (config->policy.thresholds.interval_s, ==, 30);
  g_assert_cmpint (config->policy.stats_period_us, ==, 7 * G_USEC_PER_SEC);
  g_assert_cmpint (config->policy.cache_growth, ==, MC_CACHE_GROWTH_NEVER);
  g_assert_cmpuint (config->default_weight, ==, 250);
  g_assert_cmpuint (config->default_minimum, ==, 256 * MC_MIB);
  g_assert_false (config->manage_by_default);
  g_assert_true (config->dry_run);
  g_assert_false (config->give_back_on_stop);
  g_assert_cmpstr (config->path, ==, f->path);
}

static void
assert_is_default (const McConfig *config)
{
  const McPolicySettings defaults = mc_policy_settings_default ();

  for (const McThreshold *threshold = mc_host_thresholds; threshold->name != NULL; threshold++)
    g_assert_cmpuint (mc_host_threshold_get (&config->policy.thresholds, threshold), ==,
                      mc_host_threshold_get (&defaults.thresholds, threshold));
  g_assert_cmpint (config->policy.stats_period_us, ==, 1 * G_USEC_PER_SEC);
  g_assert_cmpint (config->policy.cache_growth, ==, MC_CACHE_GROWTH_COMFORTABLE);
  g_assert_cmpuint (config->default_weight, ==, 100);
  g_assert_cmpuint (config->default_minimum, ==, 0);
  g_assert_true (config->manage_by_default);
  g_assert_false (config->dry_run);
  g_assert_true (config->give_back_on_stop);
}

static void
test_lenient (FileFixture *f, gconstpointer data)
{
  static const char *const texts[] = {
    "",
    "\n\n",
    "# only a comment",
    "[Thresholds]",
    "[Policy]\n[Thresholds]\n[Policy]\n",
    "\t[Thresholds] \r\n  low-watermark\t=  100M \r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (McConfig) config = load_well (f, texts[i]);

      assert_is_default (config);
    }
}

/* "FILE:LINE: key: reason", where FILE: stands before each of these. */
static void
test_refuse (FileFixture *f, gconstpointer data)
{
  static const struct
  {
    const char *text, *message;
  } cases[] = {
    { "[Thresholds]\nlow-watermarc=1G\n",
      ":2: low-watermarc: there is no such key in [Thresholds]" },
    { "[Policy]\nlow-watermark=1G\n", ":2: low-watermark: there is no such key in [Policy]" },
    { "[Thresholds]\nweight=1\n", ":2: weight: there is no such key in [Thresholds]" },
    { "[Thresholds]\nLowWatermark=1G\n", ":2: LowWatermark: there is no such key in [Thresholds]" },
    { "[Thresholds]\nlow-watermark[de]=1G\n",
      ":2: low-watermark[de]: there is no such key in [Thresholds]" },
    { "\n\n[Treshold]\n", ":3: there is no group [Treshold]; there are [Thresholds] and [Policy]" },
    { "[Thresholds\n", ":1: a group ends with \"]\"" },
    { "[\n", ":1: a group ends with \"]\"" },
    { "low-watermark=100M\n", ":1: low-watermark: it is before the first group" },
    { "[Policy]\nweight\n", ":2: neither a [group], nor key=value, nor a # comment" },
    { "[Policy]\nweight=1\n\n[Policy]\nweight=2\n", ":5: weight: it is given twice" },
    { "[Policy]\nweight=1\nweight=1\n", ":3: weight: it is given twice" },
    { "[Policy]\nweight=\n", ":2: weight: \"\" is not a whole number" },
    { "[Policy]\nweight=10 # the usual\n", ":2: weight: \"10 # the usual\" is not a whole number" },
    { "[Policy]\nweight=0\n", ":2: weight: Weight 0 is below its least of 1" },
    { "[Policy]\nweight=-5\n", ":2: weight: \"-5\" is not a whole number" },
    { "[Policy]\nminimum=65T\n", ":2: minimum: Minimum 65T is above its most of 64T" },
    { "[Policy]\nminimum=lots\n", ":2: minimum: \"lots\" is not a size such as 150M or 2G" },
    { "[Policy]\nmanage=some\n", ":2: manage: \"some\" is neither \"all\" nor \"marked\"" },
    { "[Policy]\non-stop=take\n", ":2: on-stop: \"take\" is neither \"give-back\" nor \"keep\"" },
    { "[Policy]\ndry-run=yes\n", ":2: dry-run: \"yes\" is neither \"true\" nor \"false\"" },
    { "[Policy]\ncache-growth=Always\n",
      ":2: cache-growth: \"Always\" is none of \"always\", \"comfortable\" and \"never\"" },
    { "[Policy]\nstats-period=0\n", ":2: stats-period: 0 s is not between 1 s and 60 s" },
    { "[Policy]\nstats-period=61\n", ":2: stats-period: 61 s is not between 1 s and 60 s" },
    { "[Thresholds]\nlow-watermark=1M\n",
      ":2: low-watermark: LowWatermark 1M is below its least of 16M" },
    { "[Thresholds]\nhost-usage-limit=75%\n",
      ":2: host-usage-limit: \"75%\" is not a whole number" },
    { "[Thresholds]\nhost-usage-limit=101\n",
      ":2: host-usage-limit: HostUsageLimit 101 % is above its most of 100 %" },
    { "[Thresholds]\ninterval=99999999999999999999\n",
      ":2: interval: \"99999999999999999999\" is not a whole number" },
    { "[Thresholds]\n# \nlow-watermark=400M\n",
      ":3: low-watermark: LowWatermark 400M is not below HighWatermark 150M" },
    { "[Thresholds]\nlow-watermark=400M\nhost-reserve=1G\nhigh-watermark=300M\n",
      ":4: high-watermark: LowWatermark 400M is not below HighWatermark 300M" },
    { "[Thresholds]\nhigh-watermark=90M\n",
      ":2: high-watermark: LowWatermark 100M is not below HighWatermark 90M" },
    { "[Policy]\nstats-period=5\n",
      ":2: stats-period: Interval 2 s is shorter than the statistics period of 5 s" },
    { "[Policy]\nstats-period=5\n[Thresholds]\ninterval=3\n",
      ":4: interval: Interval 3 s is shorter than the statistics period of 5 s" },
    { "[Policy]\nweight=\xff\n", ":2: it is not UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *message = g_strconcat (f->path, cases[i].message, NULL);

      g_assert_null (load (f, cases[i].text, -1, &error));
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, message);
    }
}

/* The order in which two that belong together stand does not matter. */
static void
test_judged_as_a_whole (FileFixture *f, gconstpointer data)
{
  g_autoptr (McConfig) config
      = load_well (f, "[Thresholds]\nlow-watermark=400M\nhigh-watermark=500M\n");

  g_assert_cmpuint (config->policy.thresholds.low_watermark, ==, 400 * MC_MIB);
}

static void
test_not_a_text (FileFixture *f, gconstpointer data)
{
  static const char text[] = "[Policy]\n\0weight=1\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (load (f, text, sizeof text - 1, &error));
  g_assert_nonnull (strstr (error->message, f->path));
}

/* What would be waited for, or has no end. */
static void
test_no_regular_file (FileFixture *f, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (2 * 1024 * 1024, '#');
  g_autoptr (GError) of_pipe = NULL, of_device = NULL, of_huge = NULL;

  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  g_assert_null (mc_config_load (f->path, FALSE, &of_pipe));
  g_assert_true (g_str_has_suffix (of_pipe->message, "memcoord.conf is not a regular file"));
  g_assert_null (mc_config_load ("/dev/zero", FALSE, &of_device));
  g_assert_cmpstr (of_device->message, ==, "/dev/zero is not a regular file");
  g_unlink (f->path);
  g_assert_null (load (f, huge, -1, &of_huge));
  g_assert_true (g_str_has_suffix (of_huge->message, "memcoord.conf is larger than 1024 KiB"));
}

static void
test_missing (FileFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL, unreadable = NULL;
  g_autoptr (McConfig) fine = mc_config_load (f->path, FALSE, &error);
  g_autoptr (McConfig) builtin = mc_config_load (NULL, FALSE, NULL);

  g_assert_no_error (error);
  assert_is_default (fine);
  assert_is_default (builtin);
  g_assert_null (mc_config_load (f->path, TRUE, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, f->path));
  /* What is there and cannot be read is an error, wanted or not. */
  g_assert_null (mc_config_load (f->directory, FALSE, &unreadable));
  g_assert_nonnull (strstr (unreadable->message, f->directory));
}

static void
test_copy (FileFixture *f, gconstpointer data)
{
  McConfig *config = load_well (f, "[Policy]\nweight=5\n");
  g_autoptr (McConfig) copy = mc_config_copy (config);

  mc_config_free (config);
  g_assert_cmpuint (copy->default_weight, ==, 5);
  g_assert_cmpstr (copy->path, ==, f->path);
}

/* Returns: (transfer full): the sample with every setting brought in, and their number. */
static char *
uncomment (const char *sample, guint *n_keys)
{
  g_auto (GStrv) lines = g_strsplit (sample, "\n", -1);

  *n_keys = 0;
  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] == '#' && g_ascii_islower (lines[i][1]))
      {
        g_assert_nonnull (strchr (lines[i], '='));
        lines[i][0] = ' ';
        (*n_keys)++;
      }
  return g_strjoinv ("\n", lines);
}

/* The sample changes nothing, as it is installed and with every line of it brought in; and it has
 * every key. */
static void
test_sample (FileFixture *f, gconstpointer data)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "..", "..", "data", "memcoord.conf", NULL);
  g_autofree char *sample = NULL, *whole = NULL;
  g_autoptr (McConfig) as_it_is = NULL, with_all = NULL;
  guint n_keys;

  g_assert_true (g_file_get_contents (path, &sample, NULL, NULL));
  as_it_is = load_well (f, sample);
  assert_is_default (as_it_is);
  whole = uncomment (sample, &n_keys);
  with_all = load_well (f, whole);
  assert_is_default (with_all);
  /* test_every_key() has thirteen; a key that is there twice would have been refused. */
  g_assert_cmpuint (n_keys, ==, 13);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/config/" name, FileFixture, "memcoord.conf", file_fixture_set_up, function,        \
              file_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("every-key", test_every_key);
  TEST ("lenient", test_lenient);
  TEST ("refuse", test_refuse);
  TEST ("judged-as-a-whole", test_judged_as_a_whole);
  TEST ("not-a-text", test_not_a_text);
  TEST ("missing", test_missing);
  TEST ("no-regular-file", test_no_regular_file);
  TEST ("copy", test_copy);
  TEST ("sample", test_sample);
  return g_test_run ();
}
