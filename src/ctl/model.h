/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service shows at one moment: the host and its VMs. Main thread. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  const char *name;     /* of @properties; never NULL */
  GVariant *properties; /* a{sv} */
} McModelVm;

typedef struct
{
  GVariant *host; /* a{sv} */
  GPtrArray *vms; /* of McModelVm, by name */
} McModel;

McModel *mc_model_load (McClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same without waiting. The client must be connected and outlive the call. */
void mc_model_load_async (McClient *client,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
McModel *mc_model_load_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void mc_model_free (McModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McModel, mc_model_free)

/*
 * @what: a name, a UUID or an id. Fails with MC_EXIT_NO_VM where no VM answers to it, or more than
 * one. Returns: (transfer none).
 */
McModelVm *
mc_model_find_vm (McModel *self, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable). */
McModelVm *mc_model_lookup_path (McModel *self, const char *path);

/* Returns: (transfer none): a sentence that says why there are none, where there are none. */
const char *mc_model_describe_no_vms (const McModel *self);

/* Returns: floating: aa{sv}, the properties of each VM. */
GVariant *mc_model_vms_variant (McModel *self);

/* Of an a{sv}: a property that is not there, or has another type, is 0, "" or FALSE. */
guint64 mc_properties_number (GVariant *properties, const char *name);
double mc_properties_double (GVariant *properties, const char *name);
gboolean mc_properties_flag (GVariant *properties, const char *name);

/* Whether it is there at all: a service of another version may not have it. */
gboolean mc_properties_have (GVariant *properties, const char *name);

/* Whether a threshold was set at run time, or is a VM's own. */
gboolean mc_properties_overrides (GVariant *properties, const char *threshold);

/* Returns: (transfer full) (nullable): the names of all of them, "Minimum, Weight"; NULL = none */
char *mc_properties_list_overridden (GVariant *properties);

/* Whether the dry run is not as configured. */
gboolean mc_properties_overrides_dry_run (GVariant *host);

/* Returns: (transfer none): as long as @properties. */
const char *mc_properties_text (GVariant *properties, const char *name);

G_END_DECLS
