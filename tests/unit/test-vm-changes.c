/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of the policy of a VM that is busy: waited for, in order, and no longer than clients
 * wait. */
#include "config.h"

#include <string.h>

#include "coordinator-fixture.h"

#define MOST 64

typedef struct
{
  guint n_ended; /* when it ended, of all */
  GError *error;
} Change;

static guint n_ended;

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;

  mc_vm_changes_finish (result, &change->error);
  change->n_ended = ++n_ended;
}

static void
begin (Fixture *f, McFakeVm *vm, const char *name, guint64 value, Change *change)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));

  g_variant_builder_add (&builder, "{st}", name, value);
  mc_vm_changes_set_async (&mc_vm_get_parts (fixture_vm_of (f, vm))->changes,
                           g_variant_builder_end (&builder), "me", on_changed, change);
}

static guint
weight_of (Fixture *f, McFakeVm *vm)
{
  return mc_vm_get_view (fixture_vm_of (f, vm))->policy.weight;
}

static McFakeVm *
add_guest (Fixture *f, const char *name)
{
  return fixture_add_guest (f, name, MC_GIB, 512 * MC_MIB, 300 * MC_MIB);
}

/* Seen on a slow machine: its process does not answer for some seconds. */
static void
test_busy_for_a_moment (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm"), *other = add_guest (f, "other");
  Change changes[3] = { { 0 } }, at_once = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    begin (f, vm, "Weight", 10 + i, &changes[i]);
  fixture_pass (f, 3);
  begin (f, other, "Weight", 7, &at_once);
  mc_test_clock_settle ();
  g_assert_cmpuint (at_once.n_ended, ==, 1);
  g_assert_no_error (at_once.error);

  fixture_pass (f, 8);
  g_assert_cmpuint (n_ended, ==, 1);
  mc_fake_hypervisor_release_vm (f->fake, vm);
  fixture_pass (f, 2);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_assert_no_error (changes[i].error);
      g_assert_cmpuint (changes[i].n_ended, ==, 2 + i);
    }
  g_assert_cmpuint (weight_of (f, vm), ==, 12);
  g_assert_cmpstr (vm->description.metadata, ==, "<policy><weight>12</weight></policy>");
}

/* Another client's job: what is read is answered, what is written is not. */
static void
test_writes_are_held_off (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm");
  Change change = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_BUSY,
                             "a previous call for this VM is still in progress");
  begin (f, vm, "Weight", 10, &change);
  fixture_pass (f, 10);
  g_assert_cmpuint (change.n_ended, ==, 0);
  /* What somebody else writes meanwhile is not undone. */
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy><minimum>100M</minimum></policy>");
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_BUSY, NULL);
  fixture_pass (f, 2);
  g_assert_no_error (change.error);
  g_assert_cmpstr (vm->description.metadata, ==,
                   "<policy><minimum>100M</minimum><weight>10</weight></policy>");
}

static void
assert_refused (const Change *change)
{
  g_assert_error (change->error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (change->error->message,
                                   "The VM vm was not changed, as it has been busy for 15 s: "));
}

/* All are refused in time, those that came later later, and nothing of it is done afterwards. */
static void
test_busy_for_long (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm");
  Change changes[MOST] = { { 0 } }, too_many = { 0 }, after = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  for (guint i = 0; i < MOST - 1; i++)
    begin (f, vm, "Weight", 10 + i, &changes[i]);
  fixture_pass (f, 5);
  begin (f, vm, "Weight", 99, &changes[MOST - 1]);
  begin (f, vm, "Weight", 100, &too_many);
  mc_test_clock_settle ();
  g_assert_error (too_many.error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED);
  fixture_pass (f, 9);
  g_assert_cmpuint (n_ended, ==, 1);
  fixture_pass (f, 2);
  g_assert_cmpuint (n_ended, ==, MOST);
  for (guint i = 0; i < MOST - 1; i++)
    {
      assert_refused (&changes[i]);
      g_assert_cmpuint (changes[i].n_ended, ==, 2 + i);
      g_clear_error (&changes[i].error);
    }
  fixture_pass (f, 5);
  assert_refused (&changes[MOST - 1]);
  g_assert_nonnull (strstr (changes[MOST - 1].error->message, "still under way"));
  g_clear_error (&changes[MOST - 1].error);
  g_clear_error (&too_many.error);

  mc_fake_hypervisor_release_vm (f->fake, vm);
  fixture_pass (f, 20);
  g_assert_null (vm->description.metadata);
  begin (f, vm, "Weight", 5, &after);
  fixture_pass (f, 1);
  g_assert_no_error (after.error);
  g_assert_cmpuint (weight_of (f, vm), ==, 5);
}

/* A write that libvirt does not tell the end of may still be made, and that is said. */
static void
test_write_that_hangs (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm");
  Change change = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_TIMED_OUT, 1);
  begin (f, vm, "Weight", 10, &change);
  mc_test_clock_settle ();
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_BUSY,
                             "a previous call for this VM is still in progress");
  fixture_pass (f, 20);
  g_assert_error (change.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (change.error->message,
                                   "The VM vm is busy, and the change may still take effect: "));
  g_clear_error (&change.error);
}

/* It waits for a thread, behind writes to VMs that hang: nothing tells of that. */
static void
test_write_that_nobody_tells_of (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm");
  Change change = { 0 }, behind = { 0 }, later = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  begin (f, vm, "Weight", 10, &change);
  begin (f, vm, "Minimum", 100 * MC_MIB, &behind);
  while (vm->n_calls[MC_FAKE_CALL_SET_METADATA] == 0)
    g_main_context_iteration (NULL, TRUE);
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  fixture_advance (f, 19 * SECOND);
  g_assert_cmpuint (n_ended, ==, 0);
  fixture_advance (f, 2 * SECOND);
  g_assert_error (change.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_true (g_str_has_prefix (
      change.error->message, "The VM vm is busy, and the change may still take effect: libvirt "
                             "has not confirmed it within 20 s: "));
  assert_refused (&behind);
  begin (f, vm, "Weight", 12, &later);
  fixture_advance (f, 5 * SECOND);
  g_assert_cmpuint (later.n_ended, ==, 0);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_METADATA], ==, 1);

  /* What was left is made, and what came later upon it. */
  mc_fake_hypervisor_release_vm (f->fake, vm);
  fixture_pass (f, 2);
  g_assert_no_error (later.error);
  g_assert_cmpuint (later.n_ended, ==, 3);
  g_assert_cmpstr (vm->description.metadata, ==, "<policy><weight>12</weight></policy>");
  g_clear_error (&change.error);
  g_clear_error (&behind.error);
}

/* Nobody waits for what is gone, or ends. */
static void
test_gone_meanwhile (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = add_guest (f, "vm"), *other = add_guest (f, "other");
  Change gone = { 0 }, ended = { 0 }, late = { 0 };

  fixture_start_service (f);
  fixture_pass (f, 3);
  mc_fake_hypervisor_hang_vm (f->fake, vm);
  mc_fake_hypervisor_hang_vm (f->fake, other);
  begin (f, vm, "Weight", 10, &gone);
  begin (f, other, "Weight", 10, &ended);
  fixture_pass (f, 8);
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  fixture_pass (f, 1);
  g_assert_error (gone.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_UNKNOWN_VM);
  g_assert_null (ended.error);
  mc_fake_hypervisor_release_vm (f->fake, other);
  mc_fake_hypervisor_refuse (f->fake, MC_FAKE_CALL_SET_METADATA, MC_HYPERVISOR_ERROR_BUSY, "busy");
  begin (f, other, "Weight", 11, &late);
  fixture_stop_service (f);
  g_assert_error (ended.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_assert_error (late.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_clear_error (&gone.error);
  g_clear_error (&ended.error);
  g_clear_error (&late.error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  n_ended = 0;
  fixture_set_up (f, data);
}

#define TEST(name, function)                                                                       \
  g_test_add ("/vm-changes/" name, Fixture, NULL, set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("busy-for-a-moment", test_busy_for_a_moment);
  TEST ("writes-are-held-off", test_writes_are_held_off);
  TEST ("busy-for-long", test_busy_for_long);
  TEST ("write-that-hangs", test_write_that_hangs);
  TEST ("write-that-nobody-tells-of", test_write_that_nobody_tells_of);
  TEST ("gone-meanwhile", test_gone_meanwhile);
  return g_test_run ();
}
