/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change of a VM's own policy. */
#include "config.h"

#include "metadata-change.h"

#include "error.h"
#include "names.h"
#include "policy-settings.h"

struct _McMetadataChange
{
  GVariant *values; /* a{st}, or NULL for a reset */
  char **names;     /* of a reset */
};

McMetadataChange *
mc_metadata_change_new_set (GVariant *values)
{
  McMetadataChange *self = g_new0 (McMetadataChange, 1);

  self->values = g_variant_ref_sink (values);
  return self;
}

McMetadataChange *
mc_metadata_change_new_reset (const char *const *names)
{
  McMetadataChange *self = g_new0 (McMetadataChange, 1);

  self->names = g_strdupv ((char **)names);
  return self;
}

void
mc_metadata_change_free (McMetadataChange *self)
{
  g_clear_pointer (&self->values, g_variant_unref);
  g_strfreev (self->names);
  g_free (self);
}

/* Whether it is managed is kept beside its thresholds, and changes with them or not at all. */
static gboolean
apply_managed (McMetadataEdit *edit, guint64 value, GError **error)
{
  if (value > 1)
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_OUT_OF_RANGE,
                   MC_SETTING_MANAGED " %" G_GUINT64_FORMAT " is neither 0 (not managed) nor 1",
                   value);
      return FALSE;
    }
  mc_metadata_edit_set_managed (edit, value == 1 ? MC_MANAGED_YES : MC_MANAGED_NO);
  return TRUE;
}

gboolean
mc_metadata_change_claims (const McMetadataChange *self)
{
  guint64 managed;

  return self->values != NULL && g_variant_lookup (self->values, MC_SETTING_MANAGED, "t", &managed)
         && managed == 1;
}

static gboolean
apply_value (McMetadataEdit *edit, const char *name, guint64 value, GError **error)
{
  const McThreshold *threshold;

  if (g_str_equal (name, MC_SETTING_MANAGED))
    return apply_managed (edit, value, error);
  threshold = mc_threshold_require (mc_vm_thresholds, name, error);
  if (threshold == NULL || !mc_threshold_check (threshold, value, error))
    return FALSE;
  mc_metadata_edit_set (edit, threshold, value);
  return TRUE;
}

static gboolean
apply_values (McMetadataEdit *edit, GVariant *values, GError **error)
{
  GVariantIter iter;
  const char *name;
  guint64 value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    if (!apply_value (edit, name, value, error))
      return FALSE;
  return TRUE;
}

static gboolean
reset_name (McMetadataEdit *edit, const char *name, GError **error)
{
  const McThreshold *threshold;

  if (g_str_equal (name, MC_SETTING_MANAGED))
    {
      mc_metadata_edit_set_managed (edit, MC_MANAGED_DEFAULT);
      return TRUE;
    }
  threshold = mc_threshold_require (mc_vm_thresholds, name, error);
  if (threshold == NULL)
    return FALSE;
  mc_metadata_edit_set (edit, threshold, MC_UNSET);
  return TRUE;
}

/* No names are all thresholds: a VM that is opted out stays so unless that is named. */
static gboolean
reset_names (McMetadataEdit *edit, const char *const *names, GError **error)
{
  if (names == NULL || names[0] == NULL)
    {
      for (guint i = 0; mc_vm_thresholds[i].name != NULL; i++)
        mc_metadata_edit_set (edit, &mc_vm_thresholds[i], MC_UNSET);
      return TRUE;
    }
  for (guint i = 0; names[i] != NULL; i++)
    if (!reset_name (edit, names[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
apply (const McMetadataChange *self, McMetadataEdit *edit, GError **error)
{
  return self->values != NULL ? apply_values (edit, self->values, error)
                              : reset_names (edit, (const char *const *)self->names, error);
}

gboolean
mc_metadata_change_check (const McMetadataChange *self, GError **error)
{
  g_autoptr (McMetadataEdit) blank = mc_metadata_edit_new (NULL, NULL);

  return apply (self, blank, error);
}

gboolean
mc_metadata_change_merge (const McMetadataChange *self,
                          const char *xml,
                          const McPolicySettings *settings,
                          guint64 capacity,
                          char **element,
                          GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (McMetadataEdit) edit = mc_metadata_edit_new (xml, &problem);
  McMetadata next;

  if (edit == NULL || !apply (self, edit, &problem)
      || !mc_metadata_edit_get (edit, &next, &problem))
    {
      g_set_error (error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED,
                   "Its memcoord metadata is invalid, and is left as it is: %s", problem->message);
      return FALSE;
    }
  if (!mc_vm_policy_check (&next.policy, settings, capacity, error))
    return FALSE;
  *element = mc_metadata_edit_format (edit);
  return TRUE;
}
