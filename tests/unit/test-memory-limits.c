/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host lets a VM's process have at most. */
#include "config.h"

#include <glib/gstdio.h>

#include "libvirt/domain-xml.h"

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
  g_autoptr (McMemoryLimits) limits = mc_domain_xml_get_limits (parsed);
  guint64 found = 42;
  g_autofree char *what = mc_memory_limits_find (limits, system, ID, &found);

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
#define NODES(mode, nodes) "<numatune><memory mode='" mode "' nodeset='" nodes "'/></numatune>"
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

#define LIMITS_TEST(name, function)                                                                \
  g_test_add ("/memory-limits/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_message, NULL, NULL);
  LIMITS_TEST ("hard-limit", test_hard_limit);
  LIMITS_TEST ("cgroup", test_cgroup);
  LIMITS_TEST ("cgroups-of-version-1", test_cgroups_of_version_1);
  LIMITS_TEST ("slices", test_slices);
  LIMITS_TEST ("nodes", test_nodes);
  return g_test_run ();
}
