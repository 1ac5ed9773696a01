/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests report that are not Linux, or not well: by the names that tests/README.md has. */
#pragma once

#include "fake-vm.h"

G_BEGIN_DECLS

/* From the next tick on, with the physics. FALSE: there is no such kind. */
gboolean mc_fake_reports_set (McFakeVm *vm, const char *kind) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
