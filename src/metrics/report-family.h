/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd's reports (systemd-report(1)) call a family, which has other rules for names than
 * Prometheus: worked out of its head, so that a family is written down once. Any thread.
 */
#pragma once

#include "exposition.h"

G_BEGIN_DECLS

/* Returns: (transfer full): below MC_BUS_NAME, as the socket is named, too; what Prometheus calls
 * memcoord_vm_balloon_bytes is org.example.MemCoord.VmBalloonBytes. */
char *mc_report_family_name (const McFamilyHead *head);

/* A MetricFamilyType of io.systemd.Metrics. */
const char *mc_report_family_type (const McFamilyHead *head);

const char *mc_report_family_description (const McFamilyHead *head);

G_END_DECLS
