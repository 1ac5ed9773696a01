/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all VMs together were promised, and what of that may be lent. */
#include "config.h"

#include "promises.h"

/*
 * What nobody of ours granted and nobody has touched (a balloon that was full from the start, or
 * that somebody else has set) is watched: of such a promise this part is kept back from VMs in
 * need, and what the VM was seen to touch in so many seconds if that is more. The whole of it is
 * kept back from everything else. The part is the one that stood the boot storm best when it was
 * tried.
 */
#define UNGRANTED_DIVISOR 4
#define UNGRANTED_QUIET   (256 * MC_MIB) /* no more than that of one that touches nothing */
#define UNGRANTED_WATCH_S 5

guint64
mc_promises_touched_soon (const McVmHistory *history)
{
  return history->touching * UNGRANTED_WATCH_S;
}

/* What nobody of ours granted: what it had from the start, or from somebody else, or without its
 * driver. @doubt of what the host seems to back is its process's own. */
static guint64
ungranted (const McVmHistory *history, const McBacking *backing, guint64 doubt)
{
  guint64 backed = saturating_sub (backing->backed, doubt);

  return saturating_sub (backing->promise + doubt, saturating_sub (history->granted, backed));
}

/* A VM that has only just started is about to touch what it was started with. */
static guint64
watched (const McVmHistory *history, McVmStatus status, guint64 promise)
{
  guint64 soon = mc_promises_touched_soon (history);

  if (status == MC_VM_BOOTING)
    return promise;
  return MIN (promise, MAX (MIN (promise / UNGRANTED_DIVISOR, UNGRANTED_QUIET), soon));
}

/*
 * Most of what nobody granted is lent to those in need; where it cannot be taken back either,
 * nobody pays for it with what it uses. What of that may or may not be touched already is lent like
 * the rest; of one that can be taken from, to those who swap alone.
 */
void
mc_promises_add (McPromises *promises,
                 const McVmHistory *history,
                 McVmStatus status,
                 const McBacking *backing,
                 gboolean can_be_taken)
{
  guint64 promise = ungranted (history, backing, 0);
  guint64 most = ungranted (history, backing, backing->doubt);
  guint64 lent = promise - watched (history, status, promise);
  guint64 lent_most = most - watched (history, status, most);

  promises->promised += backing->promise;
  promises->doubt += backing->doubt;
  if (can_be_taken)
    {
      promises->lendable += lent;
      promises->lendable_to_thrashing += lent_most - lent;
      return;
    }
  promises->lendable += lent_most;
  promises->ungranted += promise;
}
