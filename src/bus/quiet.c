/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which figures have changed by enough to be sent. */
#include "config.h"

#include "quiet.h"

#include "size.h"

gboolean
mc_quiet_has_moved (guint64 shown, guint64 now, guint64 quiet)
{
  return distance (shown, now) >= quiet || (shown == 0) != (now == 0);
}
