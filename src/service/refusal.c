/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the hypervisor does not do for a VM. */
#include "config.h"

#include "refusal.h"

#include "arithmetic.h"
#include "hypervisor.h"

#define AGAIN_AT_MOST_US (60 * G_USEC_PER_SEC)
#define DELAY_AT_MOST_US (8 * G_USEC_PER_SEC)

static gboolean
is (const GError *error, McHypervisorError code)
{
  return g_error_matches (error, MC_HYPERVISOR_ERROR, (int)code);
}

gboolean
mc_refusal_note (McRefusal *self, const GError *error, gint64 now_us)
{
  gboolean known = g_strcmp0 (self->words, error->message) == 0;
  gint64 pause_us = back_off (G_USEC_PER_SEC, self->times);

  self->times++;
  /* Its process hangs, or it is gone. */
  if (mc_hypervisor_error_is_delay (error) || is (error, MC_HYPERVISOR_ERROR_NO_VM))
    {
      self->not_before_us = now_us + MIN (pause_us, DELAY_AT_MOST_US);
      return FALSE;
    }
  self->not_before_us = now_us + MIN (pause_us, AGAIN_AT_MOST_US);
  self->lasts
      = is (error, MC_HYPERVISOR_ERROR_DENIED) || is (error, MC_HYPERVISOR_ERROR_UNSUPPORTED);
  g_free (self->words);
  self->words = g_strdup (error->message);
  return !known;
}

void
mc_refusal_retry (McRefusal *self)
{
  self->not_before_us = 0;
}

void
mc_refusal_stop_lasting (McRefusal *self)
{
  self->lasts = FALSE;
}

void
mc_refusal_clear (McRefusal *self)
{
  g_free (self->words);
  *self = (McRefusal){ 0 };
}
