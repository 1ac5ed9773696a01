/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hypervisor does not do for a VM: asked for again, less and less often, and told once
 * while its words are the same. A job that keeps libvirt from it (a save, a dump) passes; what is
 * denied or not supported is so until somebody changes it.
 */
#include "config.h"

#include "vm-private.h"

#define AGAIN_AT_MOST_US (60 * G_USEC_PER_SEC)
#define DELAY_AT_MOST_US (8 * G_USEC_PER_SEC)

static gboolean
is (const GError *error, McHypervisorError code)
{
  return g_error_matches (error, MC_HYPERVISOR_ERROR, (int)code);
}

/* Not an answer, but the lack of one: its process hangs, or it is gone. */
static gboolean
is_delay (const GError *error)
{
  return is (error, MC_HYPERVISOR_ERROR_BUSY) || is (error, MC_HYPERVISOR_ERROR_TIMED_OUT)
         || is (error, MC_HYPERVISOR_ERROR_NO_VM);
}

gboolean
mc_vm_refusal_take (McVmRefusal *refusal, const GError *error, gint64 now_us)
{
  gboolean told = g_strcmp0 (refusal->words, error->message) == 0;
  gint64 pause_us = G_USEC_PER_SEC << MIN (refusal->times, 8);

  refusal->times++;
  if (is_delay (error))
    {
      refusal->not_before_us = now_us + MIN (pause_us, DELAY_AT_MOST_US);
      return FALSE;
    }
  refusal->not_before_us = now_us + MIN (pause_us, AGAIN_AT_MOST_US);
  refusal->lasts
      = is (error, MC_HYPERVISOR_ERROR_DENIED) || is (error, MC_HYPERVISOR_ERROR_UNSUPPORTED);
  g_free (refusal->words);
  refusal->words = g_strdup (error->message);
  return !told;
}

void
mc_vm_refusal_clear (McVmRefusal *refusal)
{
  g_free (refusal->words);
  *refusal = (McVmRefusal){ 0 };
}
