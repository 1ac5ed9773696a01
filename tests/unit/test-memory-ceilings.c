/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host lets a VM's process have at most, and what is left of a limit that VMs share. */
#include "config.h"

#include <glib/gstdio.h>

#include "libvirt/domain-xml.h"
#include "libvirt/known-vms.h"

#define MIB ((guint64)1 << 20)
#define ID  7

/* A /sys of the test's own. */
typedef struct
{
  char *system;
} Fixture;

static void
write_to (Fixture *f, const char *path, const char *text)
{
  g_autofree char *file = g_build_filename (f->system, path, NULL);
  g_autofree char *directory = g_path_get_dirname (file);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
}

static void
remove_all (const char *path)
{
  GDir *directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *inner = g_build_filename (path, name, NULL);

      remove_all (inner);
    }
  g_clear_pointer (&directory, g_dir_close);
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->system = g_dir_make_tmp ("system-XXXXXX", NULL);
  write_to (f, "fs/cgroup/cgroup.controllers", "cpu memory\n");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_all (f->system);
  g_free (f->system);
}

/* @name: NULL: no limit */
static void
check (const char *system, const char *xml, guint64 bytes, const char *name)
{
  g_autofree char *whole = g_strdup_printf ("<domain type='kvm'>%s</domain>", xml);
  g_autoptr (McDomainXml) parsed = mc_domain_xml_new (whole, NULL);
  g_autoptr (McMemoryCeilings) limits = mc_domain_xml_get_ceilings (parsed);
  guint64 found = 42;
  g_autofree char *what = mc_memory_ceilings_find (limits, system, ID, &found);

  g_assert_cmpstr (what, ==, name);
  g_assert_cmpuint (found, ==, bytes);
}

#define HARD_LIMIT "<memtune><hard_limit unit='KiB'>1048576</hard_limit></memtune>"
#define SCOPE      "fs/cgroup/machine.slice/machine-qemu\\x2d7\\x2dweb.scope/"

static void
test_hard_limit (Fixture *f, gconstpointer data)
{
  check (NULL, HARD_LIMIT, 1024 * MIB, "the hard_limit of its <memtune>");
  check (f->system, HARD_LIMIT, 1024 * MIB, "the hard_limit of its <memtune>");
  check (f->system, "", 0, NULL);
  check (f->system, "<memtune><hard_limit unit='KiB'>9007199254740991</hard_limit></memtune>", 0,
         NULL);
  check (f->system, "<memtune><soft_limit unit='KiB'>1048576</soft_limit></memtune>", 0, NULL);
  g_assert_null (mc_domain_xml_new ("<pool/>", NULL));
}

static void
test_cgroup (Fixture *f, gconstpointer data)
{
  write_to (f, SCOPE "memory.max", "max\n");
  write_to (f, "fs/cgroup/machine.slice/memory.max", "max\n");
  write_to (f, "fs/cgroup/machine.slice/machine-qemu\\x2d70\\x2dother.scope/memory.max", "4096\n");
  check (f->system, "", 0, NULL);
  write_to (f, SCOPE "memory.max", "805306368\n");
  check (f->system, "", 768 * MIB, "memory.max of its cgroup");
  check (f->system, HARD_LIMIT, 768 * MIB, "memory.max of its cgroup");
  write_to (f, SCOPE "libvirt/memory.max", "536870912\n");
  check (f->system, HARD_LIMIT, 512 * MIB, "memory.max of its cgroup");
  check (NULL, "", 0, NULL);
}

static guint n_messages;

static GLogWriterOutput
count_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  n_messages += (level & G_LOG_LEVEL_MESSAGE) != 0;
  return G_LOG_WRITER_HANDLED;
}

/* There "memory.max" is nobody's, whoever has put it there; of version 1 nothing is read. */
static void
test_cgroups_of_version_1 (Fixture *f, gconstpointer data)
{
  g_autofree char *mark = g_build_filename (f->system, "fs/cgroup/cgroup.controllers", NULL);

  g_assert_cmpint (g_remove (mark), ==, 0);
  write_to (f, "fs/cgroup/unified/cgroup.controllers", "\n");
  write_to (f, "fs/cgroup/memory/machine.slice/memory.limit_in_bytes", "536870912\n");
  write_to (f, SCOPE "memory.max", "536870912\n");
  check (f->system, "", 0, NULL);
  check (f->system, HARD_LIMIT, 1024 * MIB, "the hard_limit of its <memtune>");
  g_assert_cmpuint (n_messages, ==, 1);
}

static void
test_slices (Fixture *f, gconstpointer data)
{
  const char *xml = "<resource><partition>/machine/prod-1</partition></resource>";
  const char *slice = "fs/cgroup/machine.slice/machine-prod\\x2d1.slice/memory.max";

  write_to (f, "fs/cgroup/machine.slice/memory.max", "1610612736\n");
  check (f->system, "", 1536 * MIB, "memory.max of machine.slice");
  check (f->system, xml, 1536 * MIB, "memory.max of machine.slice");
  write_to (f, slice, "1342177280\n");
  check (f->system, xml, 1280 * MIB, "memory.max of machine-prod\\x2d1.slice");
  check (f->system, "", 1536 * MIB, "memory.max of machine.slice");
}

#define NODES(mode, nodes) "<numatune><memory mode='" mode "' nodeset='" nodes "'/></numatune>"

static void
test_node_without_a_size (Fixture *f, gconstpointer data)
{
  static const char *const odd[] = { "x kB", "-1 kB", "1", "1 MB", "18014398509481985 kB" };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *text = g_strdup_printf ("Node 0 MemTotal:       %s\n", odd[i]);

      write_to (f, "devices/system/node/node0/meminfo", text);
      check (f->system, NODES ("strict", "0"), 0, NULL);
    }
}

static void
test_nodes (Fixture *f, gconstpointer data)
{
  for (guint node = 0; node < 4; node++)
    {
      g_autofree char *path = g_strdup_printf ("devices/system/node/node%u/meminfo", node);
      g_autofree char *text = g_strdup_printf (
          "Node %u MemTotal:       %u kB\nNode %u MemFree: 1 kB\n", node, 1024 << node, node);

      write_to (f, path, text);
    }
  check (f->system, NODES ("strict", "1"), 2 * MIB,
         "the memory of NUMA node 1, to which it is bound,");
  check (f->system, NODES ("restrictive", "0-1,3"), 11 * MIB,
         "the memory of NUMA node 0-1,3, to which it is bound,");
  check (f->system, NODES ("strict", "0-3,^2"), 11 * MIB,
         "the memory of NUMA node 0-3,^2, to which it is bound,");
  check (f->system, NODES ("preferred", "1"), 0, NULL);
  check (f->system, NODES ("interleave", "1"), 0, NULL);
  check (f->system, NODES ("strict", "9"), 0, NULL);
  check (f->system, NODES ("strict", ",-,x,5-1,0-18446744073709551615"), 15 * MIB,
         "the memory of NUMA node ,-,x,5-1,0-18446744073709551615, to which it is bound,");
  check (f->system, "<numatune><memory mode='strict' placement='auto'/></numatune>", 0, NULL);
}

/* What is left of limits that VMs share */

/* Returns: (nullable) */
static GPtrArray *
groups_of (const char *system, const char *xml)
{
  g_autofree char *whole = g_strdup_printf ("<domain type='kvm'>%s</domain>", xml);
  g_autoptr (McDomainXml) parsed = mc_domain_xml_new (whole, NULL);
  g_autoptr (McMemoryCeilings) limits = mc_domain_xml_get_ceilings (parsed);

  return mc_memory_groups_new (limits, system);
}

/* @names: joined by "|"; NULL: it has none */
static void
check_names (const char *system, const char *xml, const char *names)
{
  g_autoptr (GPtrArray) groups = groups_of (system, xml);
  g_auto (GStrv) list = groups != NULL ? mc_memory_groups_list_names (groups) : NULL;
  g_autofree char *found = list != NULL ? g_strjoinv ("|", list) : NULL;

  g_assert_cmpstr (found, ==, names);
}

static void
describe (McKnownVms *vms, const char *uuid, GPtrArray *groups)
{
  McMemoryDevices devices = { 0 };

  mc_known_vms_set_described (vms, uuid, &devices, groups);
}

#define NOT_LIMITED G_MAXUINT64

/* @n: how many limits there are now; @left: of the one of this name, or NOT_LIMITED */
static void
check_left (Fixture *f, const char *xml, guint n, const char *name, guint64 left)
{
  g_autoptr (GPtrArray) groups = groups_of (f->system, xml);
  McKnownVms *vms = mc_known_vms_new ();
  g_autoptr (GHashTable) known = NULL;
  g_autoptr (GHashTable) all = NULL;
  const guint64 *found;

  describe (vms, "a", groups);
  known = mc_known_vms_copy_groups (vms);
  mc_known_vms_free (vms);
  g_clear_pointer (&groups, g_ptr_array_unref); /* as of a VM that went meanwhile */
  all = mc_memory_groups_read_left (known, f->system);
  found = g_hash_table_lookup (all, name);
  g_assert_cmpuint (g_hash_table_size (all), ==, n);
  g_assert_cmpuint (found != NULL ? *found : NOT_LIMITED, ==, left);
}

static void
test_group_names (Fixture *f, gconstpointer data)
{
  g_autofree char *mark = g_build_filename (f->system, "fs/cgroup/cgroup.controllers", NULL);

  check_names (f->system, "", "memory.max of machine.slice");
  check_names (f->system, "<resource><partition>/machine/prod-1/a</partition></resource>",
               "memory.max of machine.slice|memory.max of machine-prod\\x2d1.slice"
               "|memory.max of machine-prod\\x2d1-a.slice");
  check_names (f->system, NODES ("strict", "0-1,^1"),
               "memory.max of machine.slice|the memory of NUMA node 0-1,^1");
  check_names (f->system, NODES ("preferred", "0"), "memory.max of machine.slice");
  check_names (f->system, "<resource><partition>/</partition></resource>", NULL);
  check_names (NULL, NODES ("strict", "0"), NULL);
  g_assert_cmpint (g_remove (mark), ==, 0);
  check_names (f->system, "", NULL);
  check_names (f->system, NODES ("restrictive", "0"), "the memory of NUMA node 0");
}

#define SLICE "fs/cgroup/machine.slice/"

static void
test_left_of_slice (Fixture *f, gconstpointer data)
{
  const char *name = "memory.max of machine.slice";

  check_left (f, "", 0, name, NOT_LIMITED);
  write_to (f, SLICE "memory.current", "629145600\n");
  write_to (f, SLICE "memory.stat", "anon 1\ninactive_file 104857600\nactive_file 52428800\n");
  check_left (f, "", 0, name, NOT_LIMITED);
  write_to (f, SLICE "memory.max", "max\n");
  check_left (f, "", 0, name, NOT_LIMITED);
  write_to (f, SLICE "memory.max", "garbage 1\n");
  check_left (f, "", 0, name, NOT_LIMITED);
  write_to (f, SLICE "memory.max", "");
  check_left (f, "", 0, name, NOT_LIMITED);
  write_to (f, SLICE "memory.max", "1073741824\n");
  check_left (f, "", 1, name, (1024 - 500) * MIB);
  write_to (f, SCOPE "memory.max", "4096\n");
  write_to (f, SCOPE "memory.current", "4096\n");
  check_left (f, "", 1, name, (1024 - 500) * MIB);
  write_to (f, SLICE "memory.current", "2147483648\n");
  check_left (f, "", 1, name, 0);
  write_to (f, SLICE "memory.current", "");
  check_left (f, "", 0, name, NOT_LIMITED);
}

static void
test_left_of_slice_without_cache (Fixture *f, gconstpointer data)
{
  const char *name = "memory.max of machine.slice";

  write_to (f, SLICE "memory.max", "1073741824\n");
  write_to (f, SLICE "memory.current", "629145600\n");
  check_left (f, "", 1, name, (1024 - 600) * MIB);
  write_to (f, SLICE "memory.stat", "anon 1\ninactive_file_of_others 4096\n");
  check_left (f, "", 1, name, (1024 - 600) * MIB);
  write_to (f, SLICE "memory.stat", "inactive_file 734003200\n");
  check_left (f, "", 1, name, 1024 * MIB);
}

static void
test_left_of_nested_slices (Fixture *f, gconstpointer data)
{
  const char *xml = "<resource><partition>/machine/prod-1</partition></resource>";
  const char *inner = "memory.max of machine-prod\\x2d1.slice";

  write_to (f, SLICE "machine-prod\\x2d1.slice/memory.max", "536870912\n");
  write_to (f, SLICE "machine-prod\\x2d1.slice/memory.current", "104857600\n");
  write_to (f, SLICE "memory.max", "max\n");
  check_left (f, xml, 1, inner, 412 * MIB);
  write_to (f, SLICE "memory.max", "1073741824\n");
  write_to (f, SLICE "memory.current", "943718400\n");
  check_left (f, xml, 2, inner, 412 * MIB);
  check_left (f, xml, 2, "memory.max of machine.slice", 124 * MIB);
  check_left (f, "", 1, "memory.max of machine.slice", 124 * MIB);
}

static void
write_node (Fixture *f, guint node, const char *figures)
{
  g_autofree char *path = g_strdup_printf ("devices/system/node/node%u/meminfo", node);
  g_auto (GStrv) lines = g_strsplit (figures, ";", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (text, "Node %u %s kB\n", node, *line);
  write_to (f, path, text->str);
}

#define NODE "the memory of NUMA node "

static void
test_left_of_nodes (Fixture *f, gconstpointer data)
{
  write_node (f, 0,
              "MemTotal: 1048576;MemFree: 102400;Active(anon): 4096;Inactive(anon): 4096;"
              "Active(file):       20480;Inactive(file):   40960;SReclaimable: 10240;"
              "KReclaimable: 20480");
  write_node (f, 1, "MemTotal: 1048576;MemFree: 204800");
  write_node (f, 2, "MemTotal: 1048576;MemFree: 409600;Active(file): 2048");
  write_node (f, 3, "MemTotal: 1048576;Active(file): 2048");
  check_left (f, NODES ("strict", "0"), 1, NODE "0", (100 + 30 + 5) * MIB);
  check_left (f, NODES ("restrictive", "1"), 1, NODE "1", 200 * MIB);
  check_left (f, NODES ("strict", "0-2"), 1, NODE "0-2", (135 + 200 + 401) * MIB);
  check_left (f, NODES ("strict", "0-2,^1"), 1, NODE "0-2,^1", (135 + 401) * MIB);
  check_left (f, NODES ("strict", "1,9"), 1, NODE "1,9", 200 * MIB);
  check_left (f, NODES ("strict", "9"), 0, NODE "9", NOT_LIMITED);
  check_left (f, NODES ("strict", "3"), 0, NODE "3", NOT_LIMITED);
  check_left (f, NODES ("strict", "^0"), 0, NODE "^0", NOT_LIMITED);
  check_left (f, NODES ("preferred", "0"), 0, NODE "0", NOT_LIMITED);
}

static guint
count_known (McKnownVms *vms)
{
  g_autoptr (GHashTable) known = mc_known_vms_copy_groups (vms);

  return g_hash_table_size (known);
}

/* Each limit is read once, however many VMs share it, and no longer than one does. */
static void
test_groups_of_known_vms (Fixture *f, gconstpointer data)
{
  const char *prod = "<resource><partition>/machine/prod</partition></resource>";
  g_autoptr (GPtrArray) plain = groups_of (f->system, "");
  g_autoptr (GPtrArray) nested = groups_of (f->system, prod);
  g_autoptr (GPtrArray) again = groups_of (f->system, prod);
  McKnownVms *vms = mc_known_vms_new ();

  g_assert_cmpuint (count_known (vms), ==, 0);
  describe (vms, "a", plain);
  g_assert_cmpuint (count_known (vms), ==, 1);
  describe (vms, "b", nested);
  describe (vms, "c", again);
  describe (vms, "d", NULL);
  g_assert_cmpuint (count_known (vms), ==, 2);
  mc_known_vms_forget_described (vms, "b");
  g_assert_cmpuint (count_known (vms), ==, 2);
  describe (vms, "c", plain);
  g_assert_cmpuint (count_known (vms), ==, 1);
  mc_known_vms_forget_described (vms, "a");
  mc_known_vms_forget_described (vms, "c");
  g_assert_cmpuint (count_known (vms), ==, 0);
  mc_known_vms_free (vms);
}

#define LIMITS_TEST(name, function)                                                                \
  g_test_add ("/memory-ceilings/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* GLib 2.84's own for tests writes messages itself, and no writer gets them. */
  g_log_set_default_handler (g_log_default_handler, NULL);
  g_log_set_writer_func (count_message, NULL, NULL);
  LIMITS_TEST ("hard-limit", test_hard_limit);
  LIMITS_TEST ("cgroup", test_cgroup);
  LIMITS_TEST ("cgroups-of-version-1", test_cgroups_of_version_1);
  LIMITS_TEST ("slices", test_slices);
  LIMITS_TEST ("nodes", test_nodes);
  LIMITS_TEST ("node-without-a-size", test_node_without_a_size);
  LIMITS_TEST ("group-names", test_group_names);
  LIMITS_TEST ("left-of-slice", test_left_of_slice);
  LIMITS_TEST ("left-of-slice-without-cache", test_left_of_slice_without_cache);
  LIMITS_TEST ("left-of-nested-slices", test_left_of_nested_slices);
  LIMITS_TEST ("left-of-nodes", test_left_of_nodes);
  LIMITS_TEST ("groups-of-known-vms", test_groups_of_known_vms);
  return g_test_run ();
}
