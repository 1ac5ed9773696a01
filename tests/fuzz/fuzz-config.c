/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: whatever it says, it is refused with a reason, or is within every limit. */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config-file.h"
#include "fuzz.h"
#include "policy-settings.h"

static char *
file_of (const guint8 *data, gsize size)
{
  static int fd = -1;

  if (fd < 0)
    fd = memfd_create ("config", MFD_CLOEXEC);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, data, size, 0), ==, (gssize)size);
  return g_strdup_printf ("/proc/self/fd/%d", fd);
}

static void
check (const McConfig *config)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_policy_settings_check (&config->policy, NULL, &error));
  g_assert_cmpuint (config->policy.thresholds.host_usage_limit, <=, 100);
  g_assert_cmpuint (config->policy.thresholds.step_limit, <=, 50);
  g_assert_cmpuint (config->default_weight, >=, 1);
  g_assert_cmpint (config->policy.stats_period_us, >=, G_USEC_PER_SEC);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *path = file_of (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (McConfig) config = mc_config_load (path, TRUE, &error);

  if (config != NULL)
    check (config);
  else
    g_assert_true (strstr (error->message, path) != NULL
                   && g_utf8_validate (error->message, -1, NULL));
  return 0;
}
