/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Aborts the program that links it when a function of libvirt's that may wait for libvirtd is
 * called on the thread that called mc_guard_main_thread(). It stands before libvirt: the program's
 * own functions of these names are found first.
 */
#pragma once

void mc_guard_main_thread (void);
