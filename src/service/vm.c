/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VM as the service knows it. */
#include "config.h"

#include "plain-text.h"
#include "vm-private.h"

#define MOVES_KEPT 32

/* What its QEMU is believed to occupy at most beside the guest's memory. */
#define OVERHEAD_MOST (256 * MC_MIB)

/* A limit of its process that leaves the guest less than this part of its memory is not meant to be
 * what it lives in. */
#define REACH_LEAST_DIVISOR 8

G_DEFINE_FINAL_TYPE (McVm, mc_vm, G_TYPE_OBJECT)

static void
move_free (gpointer data)
{
  McVmMove *move = data;

  g_free (move->sentence);
  g_free (move);
}

static void
mc_vm_init (McVm *self)
{
  self->moves = g_ptr_array_new_with_free_func (move_free);
  self->metadata = mc_metadata_unset ();
  self->facts.target = MC_UNKNOWN;
  self->was_busy = TRUE;
  self->view.name = g_strdup ("");
  self->view.status_detail = g_strdup ("");
  self->view.pause_reason = g_strdup ("");
  self->view.last_reason = g_strdup ("");
  self->view.overridden = g_new0 (char *, 1);
  g_queue_init (&self->changes);
}

static void
mc_vm_finalize (GObject *object)
{
  McVm *self = MC_VM (object);

  g_queue_clear_full (&self->changes, g_object_unref);
  g_clear_pointer (&self->description, mc_vm_description_free);
  g_free (self->metadata_error);
  g_free (self->target.sentence);
  mc_vm_refusal_clear (&self->target.refusal);
  mc_vm_refusal_clear (&self->describe_refusal);
  mc_vm_refusal_clear (&self->period.refusal);
  g_free (self->pause.reason);
  g_free (self->uuid);
  g_free (self->view.name);
  g_free (self->view.status_detail);
  g_free (self->view.pause_reason);
  g_free (self->view.last_reason);
  g_strfreev (self->view.overridden);
  g_ptr_array_unref (self->moves);
  G_OBJECT_CLASS (mc_vm_parent_class)->finalize (object);
}

static void
mc_vm_class_init (McVmClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_vm_finalize;
}

static void
parse_uuid (const char *text, guint8 uuid[16])
{
  guint digits = 0;

  for (; *text != '\0' && digits < 32; text++)
    {
      int digit = g_ascii_xdigit_value (*text);

      if (digit < 0)
        continue;
      uuid[digits / 2] = (guint8)(uuid[digits / 2] << 4 | digit);
      digits++;
    }
}

McVm *
mc_vm_new (const McVmSample *sample)
{
  McVm *self = g_object_new (MC_TYPE_VM, NULL);

  self->uuid = g_strdup (sample->uuid);
  parse_uuid (sample->uuid, self->facts.uuid);
  self->view.id = sample->id;
  return self;
}

const char *
mc_vm_get_uuid (McVm *self)
{
  return self->uuid;
}

const McVmView *
mc_vm_get_view (McVm *self)
{
  return &self->view;
}

GPtrArray *
mc_vm_get_moves (McVm *self)
{
  return self->moves;
}

/* Returns: whether it is another. */
static gboolean
replace (char **string, const char *text)
{
  if (g_strcmp0 (*string, text) == 0)
    return FALSE;
  g_free (*string);
  *string = g_strdup (text);
  return TRUE;
}

void
mc_vm_take_sample (McVm *self, const McVmSample *sample, gint64 began_us, gint64 wall_us)
{
  McVmFacts *facts = &self->facts;

  if (replace (&self->view.name, sample->name))
    self->view.revision++;
  self->view.id = sample->id; /* one VM, one id: another is another VM */
  /* Once is nothing: somebody else asked for its figures at that moment. */
  facts->busy = sample->busy && self->was_busy;
  self->was_busy = sample->busy;
  facts->balloon = sample->balloon;
  facts->capacity = sample->capacity;
  if (sample->busy)
    return; /* the rest is as old as it was */

  if (began_us > self->state_us) /* else an event has told since */
    facts->running = sample->running && !self->crashed;
  facts->resident = sample->resident;
  facts->unused = sample->unused;
  facts->usable = sample->usable;
  facts->available = sample->available;
  facts->swap_in = sample->swap_in;
  facts->swap_out = sample->swap_out;
  if (sample->stats_time_s != facts->stats_time_s)
    {
      self->reported = self->looked;
      self->stats_seen_wall_us = wall_us;
    }
  self->looked = TRUE;
  facts->stats_time_s = sample->stats_time_s;
}

/* All that its balloon can have. */
static guint64
find_reach (McVm *self)
{
  const McVmDescription *description = self->description;
  guint64 capacity = self->facts.capacity;

  if (capacity == MC_UNKNOWN || description == NULL || description->ceiling_name == NULL)
    return capacity;
  return CLAMP (description->ceiling - MIN (description->ceiling, OVERHEAD_MOST),
                capacity / REACH_LEAST_DIVISOR, capacity);
}

static guint64
default_minimum (McVm *self, const McConfig *config)
{
  guint64 guaranteed = self->description != NULL ? self->description->min_guarantee : 0;
  guint64 minimum = MAX (guaranteed, config->default_minimum);

  if (minimum == 0 && self->facts.capacity != MC_UNKNOWN)
    minimum = mc_policy_default_minimum (self->facts.capacity);
  return minimum;
}

static guint64
in_force (guint64 own, guint64 followed)
{
  return own != MC_UNSET ? own : followed;
}

static const char *
find_immovable (McVm *self)
{
  if (self->description != NULL && self->description->immovable != NULL)
    return self->description->immovable;
  return self->target.refusal.lasts ? self->target.refusal.words : NULL;
}

gboolean
mc_vm_is_opted_out (McVm *self, const McSettings *settings)
{
  if (self->metadata_error != NULL)
    return TRUE;
  if (self->metadata.managed == MC_MANAGED_DEFAULT)
    return !mc_settings_get_config (settings)->manage_by_default;
  return self->metadata.managed == MC_MANAGED_NO;
}

McVmFacts
mc_vm_get_facts (McVm *self, const McSettings *settings, gboolean all_paused)
{
  const McPolicySettings *policy = mc_settings_get_policy (settings);
  const McConfig *config = mc_settings_get_config (settings);
  const McVmPolicy *own = &self->metadata.policy;
  McVmFacts facts = self->facts;

  facts.busy |= self->target.late || self->description == NULL;
  facts.has_balloon = self->description == NULL || self->description->has_balloon;
  facts.immovable = find_immovable (self);
  facts.opted_out = mc_vm_is_opted_out (self, settings);
  facts.paused = all_paused || self->pause.active;
  facts.maximum = MIN (in_force (own->maximum, MC_UNKNOWN), find_reach (self));
  facts.minimum = MIN (in_force (own->minimum, default_minimum (self, config)), facts.maximum);
  facts.low_watermark = in_force (own->low_watermark, policy->low_watermark);
  /* The host's may have been moved past the one that this VM has of its own. */
  facts.high_watermark
      = MAX (in_force (own->high_watermark, policy->high_watermark), facts.low_watermark);
  facts.weight = (guint)in_force (own->weight, config->default_weight);
  return facts;
}

guint64
mc_vm_get_threshold (McVm *self, const McSettings *settings, const McThreshold *threshold)
{
  McVmFacts facts = mc_vm_get_facts (self, settings, FALSE);
  McVmPolicy in_force_now = {
    .minimum = facts.minimum,
    .maximum = facts.maximum,
    .low_watermark = facts.low_watermark,
    .high_watermark = facts.high_watermark,
    .weight = facts.weight,
  };

  return mc_vm_threshold_get (&in_force_now, threshold);
}

static char *
describe_busy (McVm *self)
{
  if (self->target.late && self->target.under_way)
    return g_strdup ("A change of its memory has been under way for too long; it may be in a save, "
                     "a snapshot or a "
                     "migration.");
  if (!self->facts.busy && self->target.refusal.words != NULL)
    return g_strdup_printf ("Its memory could not be changed, and is tried again: %s.",
                            self->target.refusal.words);
  if (self->description == NULL && self->describe_refusal.words != NULL)
    return g_strdup_printf ("What it is made of cannot be read: %s.", self->describe_refusal.words);
  if (self->description == NULL)
    return g_strdup ("What it is made of has not been read yet.");
  return g_strdup ("Its QEMU process does not answer; it is left alone until it does.");
}

static char *
describe_pause (McVm *self, const char *all_paused)
{
  if (!self->pause.active)
    return g_strdup (all_paused != NULL ? all_paused : "");
  if (*self->pause.reason == '\0')
    {
      g_autofree char *word = mc_plain_text_as_word (self->view.name, self->uuid);

      return g_strdup_printf ("Paused; to resume it: memcoordctl resume %s", word);
    }
  return g_strdup_printf ("Paused: %s", self->pause.reason);
}

static char *
describe_managed (McVm *self)
{
  if (self->decision.reason == MC_REASON_NO_FREE_MEMORY)
    return g_strdup ("It needs more memory than the host has left to give.");
  if (self->decision.reason == MC_REASON_AT_MAXIMUM
      && find_reach (self) < MIN (self->facts.capacity, self->metadata.policy.maximum))
    return g_strdup_printf ("It needs more memory than %s lets it have.",
                            self->description->ceiling_name);
  if (self->decision.reason == MC_REASON_AT_MAXIMUM)
    return g_strdup ("It needs more memory than its maximum lets it have.");
  if (self->decision.reason == MC_REASON_FOREIGN)
    return g_strdup ("Somebody else has set its memory, which is respected for a while.");
  return g_strdup ("Its memory follows its need.");
}

static char *
describe_silence (McVm *self, McVmStatus status)
{
  if (self->period.refusal.words != NULL)
    return g_strdup_printf ("It is not made to report memory statistics: %s.",
                            self->period.refusal.words);
  if (!self->reported && self->facts.stats_time_s > 0 && self->facts.unused != MC_UNKNOWN)
    return g_strdup ("The guest has not reported anything since the service looks at it; what it "
                     "reported before is not relied on.");
  if (status == MC_VM_NO_STATS)
    return g_strdup ("The guest reports no memory statistics; load the virtio_balloon driver (in "
                     "Windows, install "
                     "the balloon service) in it.");
  return g_strdup ("The guest has stopped reporting memory statistics, or reports what cannot be.");
}

static char *
describe_opted_out (McVm *self)
{
  if (self->metadata_error != NULL)
    return g_strdup_printf ("It is left alone, as its memcoord metadata cannot be read: %s",
                            self->metadata_error);
  if (self->metadata.managed == MC_MANAGED_NO)
    return g_strdup ("Its metadata says managed=\"no\".");
  return g_strdup ("The configuration manages marked VMs only, and its metadata does not say "
                   "managed=\"yes\".");
}

static char *
describe_status (McVm *self, McVmStatus status, const char *all_paused)
{
  switch (status)
    {
    case MC_VM_MANAGED:
      return describe_managed (self);
    case MC_VM_PAUSED:
      return describe_pause (self, all_paused);
    case MC_VM_OPTED_OUT:
      return describe_opted_out (self);
    case MC_VM_BOOTING:
      return g_strdup ("It has just started; it is left alone until its balloon driver reports.");
    case MC_VM_BUSY:
      return describe_busy (self);
    case MC_VM_SUSPENDED:
      return g_strdup (self->crashed
                           ? "Its kernel has crashed; it is left alone until it starts anew."
                           : "It is not running.");
    case MC_VM_NO_STATS:
    case MC_VM_STALE:
      return describe_silence (self, status);
    case MC_VM_STUCK:
      return g_strdup ("The guest does not reach its target; it keeps what it has for a while.");
    case MC_VM_INEFFECTIVE:
      return g_strdup (
          "The host gains nothing from what it gives; it keeps what it has for a while.");
    case MC_VM_UNSUPPORTED:
      if (find_immovable (self) != NULL)
        return g_strdup_printf ("Its memory cannot be moved: %s.", find_immovable (self));
      return g_strdup ("It has no balloon device; add <memballoon model='virtio'/> to it.");
    default:
      g_return_val_if_reached (g_strdup (""));
    }
}

static guint64
known (guint64 figure)
{
  return figure == MC_UNKNOWN ? 0 : figure;
}

/* Returns: (transfer full): the thresholds that are its own. */
static char **
list_own (McVm *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; mc_vm_thresholds[i].name != NULL; i++)
    if (mc_vm_threshold_get (&self->metadata.policy, &mc_vm_thresholds[i]) != MC_UNSET)
      g_strv_builder_add (names, mc_vm_thresholds[i].name);
  return g_strv_builder_end (names);
}

static gboolean
update_own (McVm *self)
{
  g_auto (GStrv) own = list_own (self);

  if (g_strv_equal ((const char *const *)own, (const char *const *)self->view.overridden))
    return FALSE;
  g_strfreev (self->view.overridden);
  self->view.overridden = g_steal_pointer (&own);
  return TRUE;
}

/* What moves seldom. Returns: whether anything has. */
static gboolean
update_policy (McVm *self, const McVmFacts *facts, McVmStatus status)
{
  McVmView *view = &self->view, before = *view;

  view->status = status;
  view->persistent = self->description != NULL && self->description->persistent;
  view->minimum = known (facts->minimum);
  view->maximum = known (facts->maximum);
  mc_policy_watermarks (facts, &view->low_watermark, &view->high_watermark);
  view->weight = facts->weight;
  view->target = known (facts->target == MC_UNKNOWN ? facts->balloon : facts->target);
  view->paused_until = self->pause.active ? self->pause.until_us : 0;
  return view->status != before.status || view->persistent != before.persistent
         || view->minimum != before.minimum || view->maximum != before.maximum
         || view->low_watermark != before.low_watermark
         || view->high_watermark != before.high_watermark || view->weight != before.weight
         || view->target != before.target || view->paused_until != before.paused_until;
}

static void
update_figures (McVm *self, const McVmFacts *facts)
{
  McVmView *view = &self->view;

  view->balloon = known (facts->balloon);
  view->unused = known (facts->unused);
  view->usable = known (facts->usable);
  view->available = known (facts->available);
  view->resident = known (facts->resident);
  view->swap_in_rate = self->history.swap_in_rate;
  view->swap_out_rate = self->history.swap_out_rate;
  view->stats_time = facts->stats_time_s > 0 ? (guint64)self->stats_seen_wall_us : 0;
}

void
mc_vm_update_view (McVm *self,
                   const McSettings *settings,
                   const char *all_paused,
                   const char *degraded)
{
  McVmFacts facts = mc_vm_get_facts (self, settings, all_paused != NULL);
  McVmStatus status = degraded != NULL ? MC_VM_BUSY : self->status.shown;
  g_autofree char *detail
      = degraded != NULL ? g_strdup (degraded) : describe_status (self, status, all_paused);
  gboolean changed = update_policy (self, &facts, status);

  changed |= replace (&self->view.status_detail, detail);
  changed |= update_own (self);
  changed |= replace (&self->view.pause_reason, self->pause.active ? self->pause.reason : "");
  update_figures (self, &facts);
  if (changed)
    self->view.revision++;
}

void
mc_vm_take_reason (McVm *self, guint64 wall_us, char *sentence)
{
  g_free (self->view.last_reason);
  self->view.last_reason = sentence;
  self->view.last_change = wall_us;
  self->view.revision++;
}

void
mc_vm_add_move (McVm *self, guint64 wall_us, guint64 from, guint64 to, const char *sentence)
{
  McVmMove *move = g_new (McVmMove, 1);

  *move = (McVmMove){ .time = wall_us, .from = from, .to = to, .sentence = g_strdup (sentence) };
  if (self->moves->len >= MOVES_KEPT)
    g_ptr_array_remove_index (self->moves, 0);
  g_ptr_array_add (self->moves, move);
  mc_vm_take_reason (self, wall_us, g_strdup (sentence));
}
