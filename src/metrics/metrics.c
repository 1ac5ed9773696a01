/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All samples of a family stand together, so a VM's properties are looked through once, when it is
 * added, and kept by column: with many VMs looking each up by name would take most of the time.
 */
#include "config.h"

#include "metrics.h"

#include "families.h"

struct _McMetrics
{
  GVariant *host;      /* (nullable): a{sv} */
  GPtrArray *vms;      /* of Vm */
  GHashTable *columns; /* name of a VM's property → its column + 1 */
  guint n_columns;
};

/* The columns of a VM: texts, and then the families of mc_vm_families. */
enum
{
  NAME,
  UUID,
  STATUS,
  FIRST_FAMILY,
};

static const char *const texts[FIRST_FAMILY] = { "Name", "UUID", "Status" };

typedef struct
{
  char *labels;      /* vm="web",uuid="…" */
  GVariant **values; /* (nullable) each, by column */
  guint n_values;
} Vm;

static const char *const states[] = { "starting", "running", "paused", "degraded", NULL };
static const char *const conditions[] = { "comfortable", "tight", "critical", NULL };

static const McFamilyHead up
    = { "memcoord_up", MC_FAMILY_GAUGE, NULL, "Whether the service answers." };
static const McFamilyHead build
    = { "memcoord_build", MC_FAMILY_INFO, NULL, "The version of the service.",
        &(const McFamilyText){ "version", NULL, "The version of the service." } };
static const McFamilyHead state
    = { "memcoord_state", MC_FAMILY_GAUGE, NULL,
        "1 for the state of the service, 0 for each other.",
        &(const McFamilyText){ "state", states, "The state of the service." } };
static const McFamilyHead condition
    = { "memcoord_host_condition", MC_FAMILY_GAUGE, NULL,
        "1 for the condition of the host, 0 for each other.",
        &(const McFamilyText){ "condition", conditions, "The condition of the host." } };
static const McFamilyHead vm_status
    = { "memcoord_vm_status", MC_FAMILY_GAUGE, NULL, "1 for the management status that the VM has.",
        &(const McFamilyText){ "status", NULL, "The management status of the VM." } };

static void
vm_free (Vm *vm)
{
  for (guint i = 0; i < vm->n_values; i++)
    g_clear_pointer (&vm->values[i], g_variant_unref);
  g_free (vm->values);
  g_free (vm->labels);
  g_free (vm);
}

static void
add_column (McMetrics *self, const char *property)
{
  g_hash_table_insert (self->columns, (gpointer)property, GUINT_TO_POINTER (++self->n_columns));
}

McMetrics *
mc_metrics_new (void)
{
  McMetrics *self = g_new0 (McMetrics, 1);

  self->vms = g_ptr_array_new_with_free_func ((GDestroyNotify)vm_free);
  self->columns = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < FIRST_FAMILY; i++)
    add_column (self, texts[i]);
  for (guint i = 0; mc_vm_families[i].property != NULL; i++)
    add_column (self, mc_vm_families[i].property);
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

static const char *
text_of (const Vm *vm, guint column)
{
  GVariant *value = vm->values[column];

  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
             ? g_variant_get_string (value, NULL)
             : "";
}

/* Names need not be the only ones of their kind for a moment, UUIDs are. */
static char *
make_labels (const Vm *vm)
{
  GString *labels = g_string_new (NULL);

  mc_exposition_append_label (labels, "vm", text_of (vm, NAME));
  mc_exposition_append_label (labels, "uuid", text_of (vm, UUID));
  return g_string_free (labels, FALSE);
}

/* @entry: {sv} */
static void
keep (const McMetrics *self, Vm *vm, GVariant *entry)
{
  g_autoptr (GVariant) name = g_variant_get_child_value (entry, 0);
  guint column
      = GPOINTER_TO_UINT (g_hash_table_lookup (self->columns, g_variant_get_string (name, NULL)));
  g_autoptr (GVariant) value = column > 0 ? g_variant_get_child_value (entry, 1) : NULL;

  if (value != NULL && vm->values[column - 1] == NULL)
    vm->values[column - 1] = g_variant_get_variant (value);
}

/* Each entry by itself: a format with "&" would have GLib write all of them out first. */
void
mc_metrics_add_vm (McMetrics *self, GVariant *properties)
{
  Vm *vm = g_new0 (Vm, 1);
  GVariantIter iter;
  GVariant *entry;

  vm->n_values = self->n_columns;
  vm->values = g_new0 (GVariant *, vm->n_values);
  g_variant_iter_init (&iter, properties);
  while ((entry = g_variant_iter_next_value (&iter)) != NULL)
    {
      keep (self, vm, entry);
      g_variant_unref (entry);
    }
  vm->labels = make_labels (vm);
  g_ptr_array_add (self->vms, vm);
}

/* While nothing is read, what is shown of the host and its VMs is old. */
static gboolean
is_live (const char *state_now)
{
  return !g_str_equal (state_now, "degraded") && !g_str_equal (state_now, "starting");
}

/* Who is shown the samples. */
typedef struct
{
  const McMetricsVisitor *visitor;
  gpointer user_data;
} Visit;

static void
show_number (const Visit *visit,
             const McFamilyHead *head,
             const McMetricsVm *vm,
             const char *number)
{
  visit->visitor->number (visit->user_data, head, vm, number);
}

static void
show_text (const Visit *visit, const McFamilyHead *head, const McMetricsVm *vm, const char *text)
{
  visit->visitor->text (visit->user_data, head, vm, text);
}

static void
show_host_families (const Visit *visit, GVariant *host, gboolean live)
{
  for (const McFamily *family = mc_host_families; family->property != NULL; family++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (host, family->property, NULL);
      g_autofree char *number = value != NULL ? mc_family_format (family, value, live) : NULL;

      if (number != NULL)
        show_number (visit, &family->head, NULL, number);
    }
}

static void
show_host (const Visit *visit, GVariant *host, const char *state_now)
{
  g_autofree char *version = look_up_text (host, "Version");
  g_autofree char *condition_now = look_up_text (host, "HostCondition");

  show_text (visit, &build, NULL, version);
  show_text (visit, &state, NULL, state_now);
  if (is_live (state_now))
    show_text (visit, &condition, NULL, condition_now);
  show_host_families (visit, host, is_live (state_now));
}

static McMetricsVm
shown_vm (const Vm *vm)
{
  return (McMetricsVm){ text_of (vm, NAME), text_of (vm, UUID), vm->labels };
}

static void
show_statuses (const Visit *visit, GPtrArray *vms)
{
  for (guint i = 0; i < vms->len; i++)
    {
      const Vm *vm = g_ptr_array_index (vms, i);
      McMetricsVm shown = shown_vm (vm);

      show_text (visit, &vm_status, &shown, text_of (vm, STATUS));
    }
}

/* The @place in mc_vm_families. */
static void
show_vm_family (const Visit *visit, GPtrArray *vms, guint place, gboolean live)
{
  const McFamily *family = &mc_vm_families[place];

  for (guint i = 0; i < vms->len; i++)
    {
      const Vm *vm = g_ptr_array_index (vms, i);
      McMetricsVm shown = shown_vm (vm);
      GVariant *value = vm->values[FIRST_FAMILY + place];
      g_autofree char *number = value != NULL ? mc_family_format (family, value, live) : NULL;

      if (number != NULL)
        show_number (visit, &family->head, &shown, number);
    }
}

void
mc_metrics_visit (const McMetrics *self, const McMetricsVisitor *visitor, gpointer user_data)
{
  Visit visit = { visitor, user_data };
  g_autofree char *state_now = NULL;

  show_number (&visit, &up, NULL, self->host != NULL ? "1" : "0");
  if (self->host == NULL)
    return;
  state_now = look_up_text (self->host, "State");
  show_host (&visit, self->host, state_now);
  show_statuses (&visit, self->vms);
  for (guint i = 0; mc_vm_families[i].property != NULL; i++)
    show_vm_family (&visit, self->vms, i, is_live (state_now));
}

void
mc_metrics_foreach_family (void (*family) (const McFamilyHead *head, gpointer user_data),
                           gpointer user_data)
{
  const McFamilyHead *const of_service[] = { &up, &build, &state, &condition };

  for (guint i = 0; i < G_N_ELEMENTS (of_service); i++)
    family (of_service[i], user_data);
  for (guint i = 0; mc_host_families[i].property != NULL; i++)
    family (&mc_host_families[i].head, user_data);
  family (&vm_status, user_data);
  for (guint i = 0; mc_vm_families[i].property != NULL; i++)
    family (&mc_vm_families[i].head, user_data);
}

static void
write_number (gpointer text, const McFamilyHead *head, const McMetricsVm *vm, const char *number)
{
  mc_exposition_add (text, head, vm != NULL ? vm->labels : "", number);
}

static void
write_text (gpointer text, const McFamilyHead *head, const McMetricsVm *vm, const char *now)
{
  mc_exposition_add_text (text, head, vm != NULL ? vm->labels : "", now);
}

char *
mc_metrics_format (const McMetrics *self, McFormat format)
{
  static const McMetricsVisitor writer = { write_number, write_text };
  McExposition text;

  mc_exposition_init (&text, format);
  mc_metrics_visit (self, &writer, &text);
  return mc_exposition_end (&text);
}
