/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What coordinators make of the host that a world file describes. */
#pragma once

#include "report.h"

/* Prints to @out. @json: for programs, instead of tables for people. */
gboolean sim_report_world (
    const SimReport *report, const char *path, gboolean json, FILE *out, GError **error);
