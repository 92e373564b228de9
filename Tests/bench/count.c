// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of QEMU's that counts what the guest's kernel does on a processor
 * from a benchmark's MARK_BEGIN to its MARK_END; see mark.h.
 *
 *	-plugin count.so,into=FOLDER
 *
 * Each MARK_TELL writes the next of FOLDER/1, FOLDER/2 ..., in lines
 *
 *	operation CPU INSTRUCTIONS      from a begin to its end
 *	quiet OPERATIONS                those that `code` is of: between the quartiles of
 *	                                all, so that no other program came in between
 *	code ADDRESS INSTRUCTIONS LOCKED
 *	                                executed of a block that begins there, and
 *	                                how many of them lock the bus
 *	line READERS WRITERS STORES     a cache line that code of modules used: bits of
 *	                                the processors that read it and that wrote it
 *
 * The emulator must run all processors in one thread: nothing here is locked.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mark.h"

/*
 * The part of version 1 of QEMU's interface for plugins that is used here; no
 * package of Debian has its header.
 */
#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;
enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };

extern EXPORT int qemu_plugin_version;
EXPORT int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
		void (*call)(uint64_t id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *,
		void (*call)(unsigned int cpu, void *data), int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
		void (*call)(unsigned int cpu, void *data), int registers, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *,
		void (*call)(unsigned int cpu, uint32_t access, uint64_t address, void *data),
		int registers, int directions, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
unsigned int qemu_plugin_mem_size_shift(uint32_t access);
bool qemu_plugin_mem_is_store(uint32_t access);

int qemu_plugin_version = 1;

enum { CPUS = 64, BUCKETS = 1 << 16, CACHE_LINE = 64 };

/* MODULES_VADDR of a kernel with KASLR; trampolines of probes lie there too. */
static const uint64_t kernel = 1ull << 63, modules = 0xffffffffc0000000;

struct block {
	struct block *next;
	uint64_t address;
	uint32_t instructions, locked;
	uint64_t executed;	/* in whatever is being summed up */
};

/* A block, and how often it was executed in an operation. */
struct part {
	struct block *block;
	uint64_t executed;
};

struct operation {
	unsigned int cpu;
	uint64_t instructions;
	size_t parts, parts_end;
};

struct line {
	struct line *next;
	uint64_t address;
	uint64_t readers, writers, stores;
};

static struct block *blocks[BUCKETS];
static struct line *lines[BUCKETS];
static struct {
	bool counting;
	uint64_t instructions;
	struct block **trace;
	size_t length, room;
} cpus[CPUS];
static struct operation *operations;
static struct part *parts;
static size_t operation_count, operation_room, part_count, part_room;
static const char *folder;
static unsigned int told;

static void fail(const char *what)
{
	fprintf(stderr, "count.so: %s\n", what);
	/* Also from a processor's thread, where exit() would wait for itself. */
	_exit(1);
}

static void *make(size_t size)
{
	void *made = calloc(1, size);

	if (!made)
		fail("no memory");
	return made;
}

/* The array with room for one more. */
static void *roomy(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 1024;
	array = realloc(array, *room * size);
	if (!array)
		fail("no memory");
	return array;
}

static size_t bucket(uint64_t key)
{
	return (key * 0x9e3779b97f4a7c15) >> 48;
}

/* The same one after the emulator has thrown its translation away. */
static struct block *block_at(uint64_t address, uint32_t instructions, uint32_t locked)
{
	struct block **first = &blocks[bucket(address)], *block;

	for (block = *first; block; block = block->next)
		if (block->address == address && block->instructions == instructions &&
		    block->locked == locked)
			return block;
	block = make(sizeof(*block));
	*block = (struct block) {
		.next = *first,
		.address = address,
		.instructions = instructions,
		.locked = locked,
	};
	return *first = block;
}

static struct line *line_at(uint64_t address)
{
	struct line **first = &lines[bucket(address)], *line;

	for (line = *first; line; line = line->next)
		if (line->address == address)
			return line;
	line = make(sizeof(*line));
	*line = (struct line) { .next = *first, .address = address };
	return *first = line;
}

/* What was executed from begin to end, each block once. */
static void end_operation(unsigned int cpu)
{
	struct operation *operation;

	operations = roomy(operations, operation_count, &operation_room, sizeof(*operations));
	operation = &operations[operation_count++];
	*operation = (struct operation) {
		.cpu = cpu,
		.instructions = cpus[cpu].instructions,
		.parts = part_count,
	};
	for (size_t i = 0; i < cpus[cpu].length; i++) {
		if (cpus[cpu].trace[i]->executed++)
			continue;
		parts = roomy(parts, part_count, &part_room, sizeof(*parts));
		parts[part_count++].block = cpus[cpu].trace[i];
	}
	operation->parts_end = part_count;
	for (size_t i = operation->parts; i < part_count; i++) {
		parts[i].executed = parts[i].block->executed;
		parts[i].block->executed = 0;
	}
}

static int by_instructions(const void *a, const void *b)
{
	const uint64_t x = ((const struct operation *)a)->instructions;
	const uint64_t y = ((const struct operation *)b)->instructions;

	return (x > y) - (x < y);
}

static void tell_code(FILE *file)
{
	const size_t first = operation_count / 4, end = operation_count - first;

	qsort(operations, operation_count, sizeof(*operations), by_instructions);
	for (size_t i = 0; i < operation_count; i++)
		fprintf(file, "operation %u %" PRIu64 "\n", operations[i].cpu,
			operations[i].instructions);
	fprintf(file, "quiet %zu\n", end - first);
	for (size_t i = first; i < end; i++)
		for (size_t j = operations[i].parts; j < operations[i].parts_end; j++)
			parts[j].block->executed += parts[j].executed;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct block *block = blocks[i]; block; block = block->next) {
			if (block->executed)
				fprintf(file, "code %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					block->address, block->executed * block->instructions,
					block->executed * block->locked);
			block->executed = 0;
		}
	operation_count = part_count = 0;
}

static void tell_lines(FILE *file)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (lines[i]) {
			struct line *line = lines[i];

			fprintf(file, "line %" PRIx64 " %" PRIx64 " %" PRIu64 "\n",
				line->readers, line->writers, line->stores);
			lines[i] = line->next;
			free(line);
		}
}

static void tell(void)
{
	char path[4096], done[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/new", folder);
	snprintf(done, sizeof(done), "%s/%u", folder, ++told);
	file = fopen(path, "w");
	if (!file)
		fail(path);
	tell_code(file);
	tell_lines(file);
	if (ferror(file) || fclose(file) || rename(path, done))
		fail(done);
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *block = data;

	if (cpu >= CPUS || !cpus[cpu].counting)
		return;
	cpus[cpu].instructions += block->instructions;
	cpus[cpu].trace = roomy(cpus[cpu].trace, cpus[cpu].length, &cpus[cpu].room,
				sizeof(*cpus[cpu].trace));
	cpus[cpu].trace[cpus[cpu].length++] = block;
}

static void on_mark(unsigned int cpu, void *data)
{
	if (cpu >= CPUS)
		fail("too many processors");
	switch ((uintptr_t)data) {
	case MARK_BEGIN:
		cpus[cpu].counting = true;
		cpus[cpu].instructions = 0;
		cpus[cpu].length = 0;
		break;
	case MARK_END:
		cpus[cpu].counting = false;
		end_operation(cpu);
		break;
	case MARK_TELL:
		tell();
		break;
	}
}

static void on_access(unsigned int cpu, uint32_t access, uint64_t address, void *data)
{
	const uint64_t end = address + (1ull << qemu_plugin_mem_size_shift(access));

	(void)data;
	if (cpu >= CPUS || !cpus[cpu].counting)
		return;
	for (uint64_t at = address & -(uint64_t)CACHE_LINE; at < end; at += CACHE_LINE) {
		struct line *line = line_at(at);

		if (qemu_plugin_mem_is_store(access)) {
			line->writers |= 1ull << cpu;
			line->stores++;
		} else {
			line->readers |= 1ull << cpu;
		}
	}
}

/* By a prefix, or as an exchange with memory, which needs none. */
static bool is_locked(const uint8_t *bytes, size_t size)
{
	static const uint8_t prefixes[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3,
	};
	size_t i = 0;

	while (i < size && memchr(prefixes, bytes[i], sizeof(prefixes)))
		i++;
	if (i < size && bytes[i] == 0xf0)
		return true;
	if (i < size && (bytes[i] & 0xf0) == 0x40)
		i++;
	return i + 1 < size && (bytes[i] & 0xfe) == 0x86 && bytes[i + 1] < 0xc0;
}

static void find_mark(struct qemu_plugin_insn *instruction)
{
	static const uint8_t wanted[] = { MARK_BYTES };
	const uint8_t *bytes = qemu_plugin_insn_data(instruction);

	if (qemu_plugin_insn_size(instruction) == sizeof(wanted) + 1 &&
	    memcmp(bytes, wanted, sizeof(wanted)) == 0)
		qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, NO_REGISTERS,
				(void *)(uintptr_t)bytes[sizeof(wanted)]);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	const size_t count = qemu_plugin_tb_n_insns(tb);
	const uint64_t address = qemu_plugin_tb_vaddr(tb);
	uint32_t locked = 0;

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);

		if (address < kernel) {
			find_mark(instruction);
			continue;
		}
		locked += is_locked(qemu_plugin_insn_data(instruction),
				    qemu_plugin_insn_size(instruction));
		if (address >= modules)
			qemu_plugin_register_vcpu_mem_cb(instruction, on_access, NO_REGISTERS,
					READS_AND_WRITES, NULL);
	}
	if (address >= kernel)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS,
				block_at(address, count, locked));
}

EXPORT int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv)
{
	static const char into[] = "into=";

	(void)info;
	if (argc != 1 || strncmp(argv[0], into, strlen(into)) != 0)
		fail("expected into=FOLDER");
	folder = argv[0] + strlen(into);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
