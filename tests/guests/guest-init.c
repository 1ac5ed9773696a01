/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only program of a test guest: process 1, which obeys one command a line on its first serial
 * port and answers each with one line, "ok key=value …" or "error …".
 *
 *   hold MIB          holds that much anonymous memory, touched again and again (its hot set)
 *   grow MIB RATE     holds that much more, reached by RATE MiB a second (0: at once)
 *   free              holds nothing
 *   cache MIB         reads that much of its disk through the page cache, once
 *   read MIB          reads pieces of so much of its data, again and again (0: no more)
 *   info              memory, swap, work done: bytes and counts
 *   balloon           loads the balloon's driver, where the kernel was told "late_balloon"
 *   unballoon         unloads it, which gives the guest all of its memory back
 *   claim             tells the host that all of its memory is there, and changes nothing
 *   reboot | panic | poweroff
 *
 * The memory is held by a child that the kernel kills first when memory runs out; what is read, by
 * another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MIB        ((uint64_t)1 << 20)
#define PAGE       4096
#define MOST       (64 * 1024 * MIB)
#define TICK_MS    50
#define PIECE      (8 * MIB)
#define LONGEST_MS 1000 /* that growing is held up, and makes up for */

/* What reads: with what is cached it does 100 MiB a second, by a pause and hardly by the processor.
 */
#define READ_PIECE    (256 * 1024)
#define READ_PAUSE_MS 2

/* The balloon's device as /proc/bus/pci/devices names it, and where its driver tells the host how
 * many pages it has taken: a word of its configuration, behind the registers that all such devices
 * have. Those for MSI-X are there while it is on, which QEMU has this device do since 10.0. */
#define BALLOON_ID     0x1af41002
#define BALLOON_TOLD   (20 + 4)
#define MSIX_REGISTERS 4

/* In the configuration of a PCI device: where its list of capabilities begins, and one of them. */
#define PCI_CAPABILITIES 0x34
#define PCI_MSIX         0x11
#define PCI_MSIX_ENABLED 0x80 /* in its fourth byte */

static const char *const modules[] = {
  "virtio_ring", "virtio",     "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
  "virtio_blk",  "virtio_mem",
};

/* Between process 1 and the child that holds the memory. */
struct shared
{
  volatile uint64_t target; /* bytes to hold */
  volatile uint64_t rate;   /* bytes a second to get there; 0 = at once */
  volatile uint64_t held;
  volatile uint64_t passes;  /* over the whole hot set: the work done */
  volatile uint64_t touched; /* pages, ever: work that counts large sets and small ones alike */
  volatile uint64_t reading; /* bytes of its data to read pieces of; 0 = none */
  volatile uint64_t read;    /* bytes, ever */
};

static struct shared *shared;
static pid_t holder;
static pid_t reader;
static unsigned killed;

static void
load_module (const char *name)
{
  char path[128];
  int fd;

  snprintf (path, sizeof path, "/%s.ko", name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  syscall (SYS_finit_module, fd, "", 0);
  close (fd);
}

static void
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, text, strlen (text)) < 0)
    perror (path);
  close (fd);
}

static size_t
read_file (const char *path, char *text, size_t size)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read (fd, text, size - 1) : -1;

  if (fd >= 0)
    close (fd);
  text[length > 0 ? length : 0] = '\0';
  return length > 0 ? (size_t)length : 0;
}

static uint64_t
find_number (const char *text, const char *key)
{
  const char *line = text;
  size_t length = strlen (key);

  for (; line != NULL; line = strchr (line, '\n'))
    {
      if (*line == '\n')
        line++;
      if (strncmp (line, key, length) == 0 && (line[length] == ' ' || line[length] == ':'))
        return strtoull (line + length + 1, NULL, 10);
    }
  return 0;
}

static void
sleep_ms (unsigned ms)
{
  struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000 };

  nanosleep (&pause, NULL);
}

static uint64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* How far to grow at once: by the clock, so that a slow machine delays nobody's need. */
static uint64_t
grown_in (uint64_t rate, uint64_t passed_ms)
{
  if (rate == 0)
    return PIECE;
  return rate * (passed_ms < LONGEST_MS ? passed_ms : LONGEST_MS) / 1000 / PAGE * PAGE;
}

static void
touch (volatile char *memory, uint64_t from, uint64_t to)
{
  for (uint64_t at = from; at < to; at += PAGE)
    memory[at]++;
  shared->touched += (to - from) / PAGE;
}

/* The child: follows the target, and works through what it has. All of it in pieces: a guest that
 * swaps takes long, and is to obey meanwhile. */
static uint64_t
follow (char *memory, uint64_t held, uint64_t target, uint64_t step)
{
  if (target < held)
    madvise (memory + target, held - target, MADV_DONTNEED);
  if (target <= held)
    return target;
  if (target - held > step)
    target = held + step;
  touch (memory, held, target);
  return target;
}

static void
work_through (char *memory, uint64_t held)
{
  for (uint64_t at = 0; at < held; at += PIECE)
    {
      if (shared->target != held)
        return;
      touch (memory, at, held - at > PIECE ? at + PIECE : held);
    }
  shared->passes++;
}

static void
hold (void)
{
  char *memory = mmap (NULL, MOST, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  uint64_t held = 0, before_ms = now_ms ();

  if (memory == MAP_FAILED)
    _exit (1);
  madvise (memory, MOST, MADV_NOHUGEPAGE);
  write_file ("/proc/self/oom_score_adj", "1000");
  for (;;)
    {
      uint64_t target = shared->target, rate = shared->rate, at_ms = now_ms ();

      held = follow (memory, held, target, grown_in (rate, at_ms - before_ms));
      before_ms = at_ms;
      shared->held = held;
      if (target == held && held > 0)
        work_through (memory, held);
      if (target == held || rate != 0)
        sleep_ms (TICK_MS * (target == held ? 4 : 1));
    }
}

static void
watch_holder (void)
{
  if (holder > 0 && waitpid (holder, NULL, WNOHANG) == holder)
    {
      holder = 0;
      killed++;
      shared->held = 0;
      shared->target = 0;
    }
}

static void
set_target (uint64_t bytes, uint64_t rate)
{
  shared->rate = rate;
  shared->target = bytes;
  if (holder == 0 && bytes > 0)
    {
      holder = fork ();
      if (holder == 0)
        hold ();
    }
}

/* The other child. Once all of it in its order, which fills the cache; then by chance, so that what
 * of it must come from the disk is what the cache lacks. */
static void
read_again_and_again (void)
{
  static char buffer[READ_PIECE];
  int fd = open ("/dev/vdb", O_RDONLY | O_CLOEXEC);
  uint64_t next = 0, chance = 1;

  if (fd < 0)
    _exit (1);
  posix_fadvise (fd, 0, 0, POSIX_FADV_RANDOM);
  for (;;)
    {
      uint64_t pieces = shared->reading / READ_PIECE;
      int first = next < pieces;
      ssize_t length = 0;

      chance = chance * 6364136223846793005U + 1442695040888963407U;
      if (pieces > 0)
        length = pread (fd, buffer, sizeof buffer,
                        (off_t)((first ? next++ : (chance >> 33) % pieces) * READ_PIECE));
      if (length > 0)
        shared->read += (uint64_t)length;
      if (!first)
        sleep_ms (pieces > 0 ? READ_PAUSE_MS : TICK_MS);
    }
}

static void
set_reading (uint64_t bytes)
{
  shared->reading = bytes;
  if (reader == 0 && bytes > 0)
    {
      reader = fork ();
      if (reader == 0)
        read_again_and_again ();
    }
}

static int
uses_msix (unsigned device)
{
  unsigned char config[257] = { 0 };
  char path[64];

  snprintf (path, sizeof path, "/proc/bus/pci/%02x/%02x.%x", device >> 8, device >> 3 & 0x1f,
            device & 7);
  read_file (path, (char *)config, sizeof config);
  for (unsigned at = config[PCI_CAPABILITIES]; at != 0; at = config[at + 1])
    if (config[at] == PCI_MSIX)
      return (config[at + 3] & PCI_MSIX_ENABLED) != 0;
  return 0;
}

/* The port of what its driver has told; 0: there is no balloon. */
static unsigned
find_balloon_told (void)
{
  static char devices[16384];
  unsigned device = 0, id = 0, port = 0;

  read_file ("/proc/bus/pci/devices", devices, sizeof devices);
  for (const char *line = devices; line != NULL; line = strchr (line, '\n'))
    {
      if (*line == '\n')
        line++;
      if (sscanf (line, "%x %x %*x %x", &device, &id, &port) == 3 && id == BALLOON_ID)
        return (port & ~3U) + BALLOON_TOLD + (uses_msix (device) ? MSIX_REGISTERS : 0);
    }
  return 0;
}

/* As a driver does that lies, or one that has forgotten what it took. */
static int
claim_all_memory (void)
{
  unsigned port = find_balloon_told ();

  if (port == 0 || iopl (3) < 0)
    return 0;
  outl (0, (unsigned short)port);
  return 1;
}

static void
answer (int port, const char *text)
{
  dprintf (port, "%s\n", text);
}

static void
tell_info (int port)
{
  static char meminfo[8192], vmstat[16384];

  read_file ("/proc/meminfo", meminfo, sizeof meminfo);
  read_file ("/proc/vmstat", vmstat, sizeof vmstat);
  dprintf (port,
           "ok total=%llu free=%llu available=%llu cached=%llu swap_in=%llu swap_out=%llu oom=%llu "
           "killed=%u held=%llu "
           "target=%llu passes=%llu touched=%llu read=%llu\n",
           (unsigned long long)find_number (meminfo, "MemTotal") * 1024,
           (unsigned long long)find_number (meminfo, "MemFree") * 1024,
           (unsigned long long)find_number (meminfo, "MemAvailable") * 1024,
           (unsigned long long)find_number (meminfo, "Cached") * 1024,
           (unsigned long long)find_number (vmstat, "pswpin") * PAGE,
           (unsigned long long)find_number (vmstat, "pswpout") * PAGE,
           (unsigned long long)find_number (vmstat, "oom_kill"), killed,
           (unsigned long long)shared->held, (unsigned long long)shared->target,
           (unsigned long long)shared->passes, (unsigned long long)shared->touched,
           (unsigned long long)shared->read);
}

static void
read_disk (int port, uint64_t bytes)
{
  static char buffer[1 << 20];
  int fd = open ("/dev/vda", O_RDONLY | O_CLOEXEC);
  uint64_t done = 0;
  ssize_t length;

  if (fd < 0)
    {
      answer (port, "error there is no disk");
      return;
    }
  /* The first page is the swap's header; the rest of a fresh swap is zeros. */
  while (done < bytes && (length = read (fd, buffer, sizeof buffer)) > 0)
    done += (uint64_t)length;
  close (fd);
  dprintf (port, "ok read=%llu\n", (unsigned long long)done);
}

static void
obey (int port, char *line)
{
  unsigned long long mib = 0, rate = 0;

  watch_holder ();
  if (sscanf (line, "hold %llu", &mib) == 1)
    set_target (mib * MIB, 0);
  else if (sscanf (line, "grow %llu %llu", &mib, &rate) == 2)
    set_target (shared->target + mib * MIB, rate * MIB);
  else if (strcmp (line, "free") == 0)
    set_target (0, 0);
  else if (sscanf (line, "read %llu", &mib) == 1)
    set_reading (mib * MIB);
  else if (sscanf (line, "cache %llu", &mib) == 1)
    {
      read_disk (port, mib * MIB);
      return;
    }
  else if (strcmp (line, "info") == 0)
    {
      tell_info (port);
      return;
    }
  else if (strcmp (line, "balloon") == 0)
    load_module ("virtio_balloon");
  else if (strcmp (line, "unballoon") == 0)
    syscall (SYS_delete_module, "virtio_balloon", O_NONBLOCK);
  else if (strcmp (line, "claim") == 0)
    {
      answer (port, claim_all_memory () ? "ok" : "error there is no balloon");
      return;
    }
  else if (strcmp (line, "reboot") == 0)
    reboot (RB_AUTOBOOT);
  else if (strcmp (line, "poweroff") == 0)
    reboot (RB_POWER_OFF);
  else if (strcmp (line, "panic") == 0)
    write_file ("/proc/sysrq-trigger", "c");
  else
    {
      answer (port, "error unknown command");
      return;
    }
  answer (port, "ok");
}

static int
open_port (void)
{
  struct termios settings;
  int port = open ("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (port < 0 || tcgetattr (port, &settings) < 0)
    return -1;
  cfmakeraw (&settings);
  cfsetspeed (&settings, B115200);
  tcsetattr (port, TCSANOW, &settings);
  return port;
}

static void
set_up (void)
{
  static char cmdline[4096];

  mkdir ("/proc", 0755);
  mkdir ("/dev", 0755);
  mount ("proc", "/proc", "proc", 0, NULL);
  mount ("dev", "/dev", "devtmpfs", 0, NULL);
  write_file ("/proc/sys/vm/overcommit_memory", "1");
  write_file ("/proc/sys/kernel/sysrq", "1");
  for (unsigned i = 0; i < sizeof modules / sizeof *modules; i++)
    load_module (modules[i]);
  read_file ("/proc/cmdline", cmdline, sizeof cmdline);
  if (strstr (cmdline, "late_balloon") == NULL)
    load_module ("virtio_balloon");
  for (unsigned i = 0; i < 40 && strstr (cmdline, "use_swap") != NULL && swapon ("/dev/vda", 0) < 0;
       i++)
    sleep_ms (50);
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  mlockall (MCL_CURRENT | MCL_FUTURE);
}

int
main (void)
{
  char line[256];
  size_t length = 0;
  int port;

  set_up ();
  port = open_port ();
  answer (port, "ready");
  for (;;)
    {
      char c;

      if (read (port, &c, 1) != 1)
        {
          sleep_ms (100);
          continue;
        }
      if (c != '\n' && length < sizeof line - 1)
        {
          line[length++] = c;
          continue;
        }
      line[length] = '\0';
      length = 0;
      if (line[0] != '\0')
        obey (port, line);
    }
}
