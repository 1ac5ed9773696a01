/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All samples of a family stand together, so a VM's properties are looked through once, when it is
 * added, and kept by family: with many VMs looking each up by name would take most of the time.
 */
#include "config.h"

#include "metrics.h"

#include "families.h"

struct _McMetrics
{
  GVariant *host;      /* (nullable): a{sv} */
  GPtrArray *vms;      /* of Vm */
  GHashTable *columns; /* name of a VM's property → its place in mc_vm_families + 1 */
};

typedef struct
{
  char *labels; /* vm="web",uuid="…" */
  char *status;
  GVariant **values; /* (nullable) each, by family */
  guint n_values;
} Vm;

static const McFamilyHead up
    = { "memcoord_up", MC_FAMILY_GAUGE, NULL, "Whether the service answers." };
static const McFamilyHead build
    = { "memcoord_build", MC_FAMILY_INFO, NULL, "The version of the service." };
static const McFamilyHead state = { "memcoord_state", MC_FAMILY_GAUGE, NULL,
                                    "1 for the state of the service, 0 for each other." };
static const McFamilyHead condition = { "memcoord_host_condition", MC_FAMILY_GAUGE, NULL,
                                        "1 for the condition of the host, 0 for each other." };
static const McFamilyHead vm_status = { "memcoord_vm_status", MC_FAMILY_GAUGE, NULL,
                                        "1 for the management status that the VM has." };

static const char *const states[] = { "starting", "running", "paused", "degraded", NULL };
static const char *const conditions[] = { "comfortable", "tight", "critical", NULL };

static void
vm_free (Vm *vm)
{
  for (guint i = 0; i < vm->n_values; i++)
    g_clear_pointer (&vm->values[i], g_variant_unref);
  g_free (vm->values);
  g_free (vm->labels);
  g_free (vm->status);
  g_free (vm);
}

McMetrics *
mc_metrics_new (void)
{
  McMetrics *self = g_new0 (McMetrics, 1);

  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)vm_free);
  self->columns = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; mc_vm_families[i].property != NULL; i++)
    g_hash_table_insert (self->columns, (gpointer)mc_vm_families[i].property,
                         GUINT_TO_POINTER (i + 1));
  return self;
}

void
mc_metrics_free (McMetrics *self)
{
  g_clear_pointer (&self->host, g_variant_unref);
  g_ptr_array_unref (self->vms);
  g_hash_table_unref (self->columns);
  g_free (self);
}

void
mc_metrics_set_host (McMetrics *self, GVariant *properties)
{
  g_variant_ref (properties);
  g_clear_pointer (&self->host, g_variant_unref);
  self->host = properties;
}

/* Returns: (transfer full): "" where it is not there, or no text */
static char *
look_up_text (GVariant *properties, const char *name)
{
  char *text = NULL;

  return g_variant_lookup (properties, name, "s", &text) ? text : g_strdup ("");
}

/* Names need not be the only ones of their kind for a moment, UUIDs are. */
static char *
make_labels (GVariant *properties)
{
  g_autofree char *name = look_up_text (properties, "Name");
  g_autofree char *uuid = look_up_text (properties, "UUID");
  GString *labels = g_string_new (NULL);

  mc_exposition_append_label (labels, "vm", name);
  mc_exposition_append_label (labels, "uuid", uuid);
  return g_string_free (labels, FALSE);
}

void
mc_metrics_add_vm (McMetrics *self, GVariant *properties)
{
  Vm *vm = g_new0 (Vm, 1);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  vm->labels = make_labels (properties);
  vm->status = look_up_text (properties, "Status");
  vm->n_values = mc_families_count (mc_vm_families);
  vm->values = g_new0 (GVariant *, vm->n_values);
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->columns, name));

      if (place > 0 && vm->values[place - 1] == NULL)
        vm->values[place - 1] = g_variant_ref (value);
    }
  g_ptr_array_add (self->vms, vm);
}

static void
add_state (McExposition *text,
           const McFamilyHead *head,
           const char *label,
           const char *name,
           const char *now)
{
  g_autoptr (GString) labels = g_string_new (NULL);

  mc_exposition_append_label (labels, label, name);
  mc_exposition_add (text, head, labels->str, g_str_equal (name, now) ? "1" : "0");
}

/* @now: of a later version it may be one that is not known here. */
static void
add_state_set (McExposition *text,
               const McFamilyHead *head,
               const char *label,
               const char *const *known,
               const char *now)
{
  mc_exposition_begin_family (text, head);
  for (const char *const *name = known; *name != NULL; name++)
    add_state (text, head, label, *name, now);
  if (!g_strv_contains (known, now))
    add_state (text, head, label, now, now);
}

/* While nothing is read, what is shown of the host and its VMs is old. */
static gboolean
is_live (const char *state_now)
{
  return !g_str_equal (state_now, "degraded") && !g_str_equal (state_now, "starting");
}

static void
add_host_families (McExposition *text, GVariant *host, gboolean live)
{
  for (const McFamily *family = mc_host_families; family->property != NULL; family++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (host, family->property, NULL);
      g_autofree char *number = value != NULL ? mc_family_format (family, value, live) : NULL;

      if (number == NULL)
        continue;
      mc_exposition_begin_family (text, &family->head);
      mc_exposition_add (text, &family->head, "", number);
    }
}

static void
add_host (McExposition *text, GVariant *host, const char *state_now)
{
  g_autofree char *version = look_up_text (host, "Version");
  g_autofree char *condition_now = look_up_text (host, "HostCondition");
  g_autoptr (GString) labels = g_string_new (NULL);

  mc_exposition_append_label (labels, "version", version);
  mc_exposition_begin_family (text, &build);
  mc_exposition_add (text, &build, labels->str, "1");
  add_state_set (text, &state, "state", states, state_now);
  if (is_live (state_now))
    add_state_set (text, &condition, "condition", conditions, condition_now);
  add_host_families (text, host, is_live (state_now));
}

static void
add_statuses (McExposition *text, GPtrArray *vms)
{
  mc_exposition_begin_family (text, &vm_status);
  for (guint i = 0; i < vms->len; i++)
    {
      const Vm *vm = g_ptr_array_index (vms, i);
      g_autoptr (GString) labels = g_string_new (vm->labels);

      mc_exposition_append_label (labels, "status", vm->status);
      mc_exposition_add (text, &vm_status, labels->str, "1");
    }
}

/* The @place in mc_vm_families. A family without a sample is left out. */
static void
add_vm_family (McExposition *text, GPtrArray *vms, guint place, gboolean live)
{
  const McFamily *family = &mc_vm_families[place];
  gboolean begun = FALSE;

  for (guint i = 0; i < vms->len; i++)
    {
      const Vm *vm = g_ptr_array_index (vms, i);
      g_autofree char *number
          = vm->values[place] != NULL ? mc_family_format (family, vm->values[place], live) : NULL;

      if (number == NULL)
        continue;
      if (!begun)
        mc_exposition_begin_family (text, &family->head);
      begun = TRUE;
      mc_exposition_add (text, &family->head, vm->labels, number);
    }
}

char *
mc_metrics_format (const McMetrics *self, McFormat format)
{
  McExposition text;

  mc_exposition_init (&text, format);
  mc_exposition_begin_family (&text, &up);
  mc_exposition_add (&text, &up, "", self->host != NULL ? "1" : "0");
  if (self->host != NULL)
    {
      g_autofree char *state_now = look_up_text (self->host, "State");

      add_host (&text, self->host, state_now);
      if (self->vms->len > 0)
        add_statuses (&text, self->vms);
      for (guint i = 0; self->vms->len > 0 && mc_vm_families[i].property != NULL; i++)
        add_vm_family (&text, self->vms, i, is_live (state_now));
    }
  return mc_exposition_end (&text);
}
