/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given back by the service when it is asked to, and when a VM is not to be managed any
 * more. */
#include "config.h"

#include "coordinator-fixture.h"

/* An answer, when it has come. */
typedef struct
{
  gboolean answered;
  guint64 bytes;
  GError *error;
} Answer;

static void
on_given_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  gboolean fine = mc_give_back_calls_begin_finish (result, &answer->bytes, &answer->error);

  answer->answered = TRUE;
  g_assert_cmpint (fine, ==, answer->error == NULL);
}

/* @vm: (nullable): all */
static void
ask (Fixture *f, McFakeVm *vm, Answer *answer)
{
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  g_autoptr (GPtrArray) vms = vm != NULL ? g_ptr_array_new () : NULL;
  g_autofree char *paused = mc_host_parts_describe_pause (parts);

  *answer = (Answer){ 0 };
  if (vm != NULL)
    g_ptr_array_add (vms, fixture_vm_of (f, vm));
  mc_give_back_calls_begin_async (&parts->give_back_calls, vms, paused, MC_GIVE_BACK_PATIENCE_US,
                                  on_given_back, answer);
}

static void
assert_given (Fixture *f, McFakeVm *vm, guint64 mib)
{
  Answer answer;

  ask (f, vm, &answer);
  fixture_pass (f, 3);
  g_assert_true (answer.answered);
  g_assert_no_error (answer.error);
  g_assert_cmpuint (answer.bytes / MC_MIB, ==, mib);
}

static void
assert_refused (Fixture *f, McFakeVm *vm, McServiceError code, const char *words)
{
  Answer answer;

  ask (f, vm, &answer);
  fixture_pass (f, 20);
  g_assert_true (answer.answered);
  g_assert_error (answer.error, MC_SERVICE_ERROR, (int)code);
  g_assert_nonnull (strstr (answer.error->message, words));
  g_error_free (answer.error);
}

static guint64
lacks (const McFakeVm *vm)
{
  return MC_GIB - vm->target;
}

static void
test_all_have_it_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f), *other = mc_fake_hypervisor_get_vm (f->fake, 1);
  guint64 missing = lacks (vm) + lacks (other);
  guint moved = f->n_moved;

  assert_given (f, NULL, missing / MC_MIB);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
  g_assert_cmpuint (other->figures.balloon, ==, MC_GIB);
  g_assert_cmpuint (f->n_moved, ==, moved + 2);
  g_assert_nonnull (strstr (mc_vm_get_view (fixture_vm_of (f, vm))->last_reason, "is given back"));
  assert_given (f, NULL, 0);

  /* It is kept for a while like any grant, and taken again after that. */
  fixture_pass (f, 40);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
  fixture_pass (f, 120);
  g_assert_cmpuint (vm->figures.balloon, <, MC_GIB);
}

static void
test_one_alone (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f), *other = mc_fake_hypervisor_get_vm (f->fake, 1);

  assert_given (f, vm, lacks (vm) / MC_MIB);
  g_assert_cmpuint (other->figures.balloon, <, MC_GIB);
}

/* Nobody has taken anything from it: it has what somebody gave it, unless it is named. */
static void
test_vm_that_nothing_was_taken_from (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_add_guest (f, "vm", MC_GIB, 512 * MC_MIB, 300 * MC_MIB);

  fixture_start_service (f);
  fixture_pass (f, 3);
  assert_given (f, NULL, 0);
  g_assert_cmpuint (vm->figures.balloon, ==, 512 * MC_MIB);
  assert_given (f, vm, 512);
}

/* By somebody else, after it had all of it. */
static void
set_by_somebody_else (Fixture *f, McFakeVm *vm, guint64 balloon)
{
  mc_fake_hypervisor_set_balloon (f->fake, vm, balloon);
  vm->target = balloon;
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->figures.balloon, ==, balloon);
}

static void
test_vm_that_somebody_else_has_set (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  assert_given (f, vm, lacks (vm) / MC_MIB);
  fixture_pass (f, 5);
  set_by_somebody_else (f, vm, 512 * MC_MIB);
  assert_given (f, vm, 512);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
}

static void
test_short_host (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint64 before = vm->target;

  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB);
  mc_fake_hypervisor_tick (f->fake, 1);
  assert_refused (f, vm, MC_SERVICE_ERROR_NO_MEMORY, "no memory to give");
  g_assert_cmpuint (vm->target, <=, before);
}

static void
test_who_is_refused (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  McPause *pause = &mc_vm_get_parts (fixture_vm_of (f, vm))->pause;
  guint64 before = vm->target;
  g_autoptr (GUnixFDList) fds = NULL;

  mc_pause_begin (pause, "backup", 0, "test");
  fixture_pass (f, 3);
  assert_refused (f, vm, MC_SERVICE_ERROR_FAILED, "backup");
  assert_given (f, NULL, lacks (mc_fake_hypervisor_get_vm (f->fake, 1)) / MC_MIB);
  g_assert_cmpuint (vm->target, ==, before);
  mc_pause_end (pause, "vm", "test", NULL);

  mc_pause_begin (&parts->pause, "", 0, "test");
  assert_refused (f, vm, MC_SERVICE_ERROR_FAILED, "paused");
  assert_refused (f, NULL, MC_SERVICE_ERROR_FAILED, "\"memcoordctl resume\"");
  mc_pause_end (&parts->pause, "Balancing", "test", NULL);

  fds = mc_inhibitors_add (&parts->inhibitors, "rsync", "nightly", ":1.1 uid 0", 0, 99, NULL);
  g_assert_nonnull (fds);
  assert_refused (f, NULL, MC_SERVICE_ERROR_FAILED, "inhibited by rsync (uid 0, pid 99): nightly;");
  g_clear_object (&fds);
  fixture_pass (f, 1);

  mc_fake_hypervisor_disconnect (f->fake, "gone");
  fixture_pass (f, 3);
  assert_refused (f, vm, MC_SERVICE_ERROR_NOT_CONNECTED, "gone");
}

static void
test_hypervisor_refuses (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  mc_fake_hypervisor_fail (f->fake, MC_FAKE_CALL_SET_TARGET, MC_HYPERVISOR_ERROR_FAILED, 1);
  assert_refused (f, vm, MC_SERVICE_ERROR_FAILED, "vm");
}

static void
test_set_that_hangs_is_not_waited_for_longer (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  vm->set_takes_s = 60;
  assert_refused (f, vm, MC_SERVICE_ERROR_FAILED, "busy");
}

static void
test_gone_meanwhile (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  Answer answer;

  ask (f, vm, &answer);
  mc_fake_hypervisor_remove_vm (f->fake, vm);
  fixture_pass (f, 3);
  g_assert_true (answer.answered);
  g_assert_nonnull (answer.error);
  g_error_free (answer.error);
}

static void
test_end_of_the_service_answers (Fixture *f, gconstpointer end)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  Answer answer;

  ask (f, vm, &answer);
  ((void (*) (Fixture *))end) (f);
  g_assert_true (answer.answered);
  g_assert_error (answer.error, MC_SERVICE_ERROR, MC_SERVICE_ERROR_FAILED);
  g_error_free (answer.error);
}

/* Whether one of its last moves has such a sentence. */
static gboolean
has_moved (McVm *vm, const char *prefix)
{
  const GPtrArray *moves = mc_vm_get_moves (vm);

  for (guint i = 0; i < moves->len; i++)
    if (g_str_has_prefix (((const McVmMove *)moves->pdata[i])->sentence, prefix))
      return TRUE;
  return FALSE;
}

static void
test_dry_run_tells_how_much (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  McHostParts *parts = mc_coordinator_get_parts (f->coordinator);
  guint64 before = vm->target;

  mc_host_limits_set_dry_run (&parts->limits, TRUE, "test");
  assert_given (f, vm, lacks (vm) / MC_MIB);
  g_assert_cmpuint (vm->target, ==, before);
  g_assert_true (
      has_moved (fixture_vm_of (f, vm), "dry run: what was taken from it is given back"));
}

/* Not managed any more */

static void
test_opted_out_has_it_back (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint n_calls;

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);

  /* Once: what it is given by somebody else is nobody's business. */
  n_calls = vm->n_calls[MC_FAKE_CALL_SET_TARGET];
  mc_fake_hypervisor_set_balloon (f->fake, vm, 600 * MC_MIB);
  vm->target = 600 * MC_MIB;
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->n_calls[MC_FAKE_CALL_SET_TARGET], ==, n_calls);
  fixture_kill_service (f);
  fixture_start_service (f);
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->target, ==, 600 * MC_MIB);
}

/* On a host that is short it waits. */
static void
test_opted_out_on_a_short_host (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);
  guint64 before;

  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB - 200 * MC_MIB);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  mc_fake_hypervisor_tick (f->fake, 1);
  before = vm->target;
  fixture_pass (f, 10);
  g_assert_cmpuint (vm->target, <=, before);
  fixture_make_room (f);
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
}

/* It has waited for the host until then, and waits no longer. */
static void
test_opted_out_and_set_by_somebody_else (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze (f);

  mc_fake_hypervisor_set_host_other (f->fake, 4 * MC_GIB - 200 * MC_MIB);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  mc_fake_hypervisor_tick (f->fake, 1);
  fixture_pass (f, 10);
  set_by_somebody_else (f, vm, vm->figures.balloon - 100 * MC_MIB);
  fixture_make_room (f);
  fixture_pass (f, 90);
  g_assert_cmpuint (vm->figures.balloon, <, 600 * MC_MIB);
}

/* Only VMs that are marked are managed from now on, and this one is not. */
static void
test_not_marked (Fixture *f, gconstpointer end)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  ((void (*) (Fixture *))end) (f);
  g_assert_true (g_file_set_contents (f->config_path, "[Policy]\nmanage=marked\n", -1, NULL));
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
}

static void
test_opted_out_while_the_service_was_away (Fixture *f, gconstpointer end)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);

  ((void (*) (Fixture *))end) (f);
  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='no'/>");
  fixture_start_service (f);
  fixture_pass (f, 5);
  g_assert_cmpuint (vm->figures.balloon, ==, MC_GIB);
}

/* What cannot be read may say anything. */
static void
test_metadata_that_cannot_be_read_moves_nothing (Fixture *f, gconstpointer data)
{
  McFakeVm *vm = fixture_squeeze_with_room (f);
  guint64 before = vm->target;

  mc_fake_hypervisor_set_vm_metadata (f->fake, vm, "<policy managed='never'/>");
  fixture_pass (f, 10);
  g_assert_cmpstr (fixture_status_of (f, vm), ==, "opted-out");
  g_assert_cmpuint (vm->target, ==, before);
}

#define TEST(path, function)                                                                       \
  g_test_add ("/give-back-calls/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
#define TEST_WITH(path, end, function)                                                             \
  g_test_add ("/give-back-calls/" path, Fixture, end, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are part of what is tested. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  TEST ("all", test_all_have_it_back);
  TEST ("one-alone", test_one_alone);
  TEST ("nothing-was-taken", test_vm_that_nothing_was_taken_from);
  TEST ("set-by-somebody-else", test_vm_that_somebody_else_has_set);
  TEST ("short-host", test_short_host);
  TEST ("refused", test_who_is_refused);
  TEST ("hypervisor-refuses", test_hypervisor_refuses);
  TEST ("set-that-hangs", test_set_that_hangs_is_not_waited_for_longer);
  TEST ("gone-meanwhile", test_gone_meanwhile);
  TEST_WITH ("stopped-meanwhile", fixture_stop_service, test_end_of_the_service_answers);
  TEST_WITH ("killed-meanwhile", fixture_kill_service, test_end_of_the_service_answers);
  TEST ("dry-run", test_dry_run_tells_how_much);
  TEST ("opted-out", test_opted_out_has_it_back);
  TEST ("opted-out-on-a-short-host", test_opted_out_on_a_short_host);
  TEST ("opted-out-and-set-by-somebody-else", test_opted_out_and_set_by_somebody_else);
  TEST_WITH ("opted-out-while-stopped", fixture_stop_service,
             test_opted_out_while_the_service_was_away);
  TEST_WITH ("opted-out-while-killed", fixture_kill_service,
             test_opted_out_while_the_service_was_away);
  TEST_WITH ("not-marked-while-stopped", fixture_stop_service, test_not_marked);
  TEST_WITH ("not-marked-while-killed", fixture_kill_service, test_not_marked);
  TEST ("unreadable-metadata", test_metadata_that_cannot_be_read_moves_nothing);
  return g_test_run ();
}
