/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of the service whose state others see. */
#include "config.h"

#include "part.h"

enum
{
  CHANGED,
  SETTING_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE (McPart, mc_part, G_TYPE_OBJECT)

static void
mc_part_class_init (McPartClass *klass)
{
  signals[CHANGED] = g_signal_new ("changed", MC_TYPE_PART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[SETTING_CHANGED]
      = g_signal_new ("setting-changed", MC_TYPE_PART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 4, G_TYPE_STRING, G_TYPE_VARIANT, G_TYPE_VARIANT, G_TYPE_STRING);
}

static void
mc_part_init (McPart *self)
{
}

void
mc_part_emit_changed (McPart *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

void
mc_part_emit_setting_changed (
    McPart *self, const char *setting, GVariant *before, GVariant *after, const char *origin)
{
  g_autoptr (GVariant) old = g_variant_ref_sink (before);
  g_autoptr (GVariant) new = g_variant_ref_sink (after);

  if (!g_variant_equal (old, new))
    g_signal_emit (self, signals[SETTING_CHANGED], 0, setting, old, new, origin);
}

static void
on_setting_changed (McPart *part,
                    const char *setting,
                    GVariant *before,
                    GVariant *after,
                    const char *origin,
                    gpointer user_data)
{
  mc_part_emit_setting_changed (user_data, setting, before, after, origin);
}

void
mc_part_forward (McPart *self, McPart *part)
{
  g_signal_connect_object (part, "changed", G_CALLBACK (mc_part_emit_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (part, "setting-changed", G_CALLBACK (on_setting_changed), self, 0);
}
