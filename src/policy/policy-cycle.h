/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the policy share in one cycle. decide.c fills it in, from the top to the
 * bottom. */
#pragma once

#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  /* what is given */
  const McPolicySettings *settings;
  const McTuning *tuning;
  const McHostFigures *host;
  gint64 now_us;

  /* what the host's figures say */
  McHostCondition condition;
  double ease;     /* 1: the host is at its limit or below; 0: at its reserve */
  guint64 excess;  /* used above the host's limit */
  guint64 comfort; /* may be granted before the host's limit is reached */
  guint64 margin;  /* kept beside the reserve */

  /* what is left beside the promises to all VMs */
  gint64 free;      /* nobody has a claim to it; negative when more is promised than there is */
  gint64 lent;      /* of what is promised: nobody granted it, and nobody is about to touch it */
  gint64 grantable; /* VMs in need may be granted it now, … */
  gint64 grantable_to_thrashing; /* … and those who swap so much */

  /* who may have how much */
  guint64 pool;  /* is to be kept free for whoever needs it next */
  double lambda; /* mc_share_out() */
} McPolicyCycle;

G_END_DECLS
