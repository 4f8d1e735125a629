/* Upstream's EROFS reader (liberofs, erofs-utils) behind a few C functions: its headers are not
 * C++. Errors are negative errno values, as there. One image at a time: liberofs keeps its
 * configuration in globals. */
#ifndef SLIPWAY_BUILDER_READ_LIBEROFS_READER_H_
#define SLIPWAY_BUILDER_READ_LIBEROFS_READER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct LiberofsReader;

struct LiberofsStat {
  uint64_t size_bytes;
  int64_t mtime_seconds;
  uint32_t mtime_nanoseconds;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint32_t links;
  uint32_t device; /* as the inode has it; 0 for what is no device */
};

/* The caller closes *reader. */
int LiberofsOpen(const char* path, struct LiberofsReader** reader);
void LiberofsClose(struct LiberofsReader* reader);

uint64_t LiberofsRoot(const struct LiberofsReader* reader);
int LiberofsStatOf(struct LiberofsReader* reader, uint64_t nid, struct LiberofsStat* out);

/* Calls `entry` for each name but "." and ".."; the name has no NUL at its end. Stops where it
 * returns non-zero and returns that. */
typedef int (*LiberofsEntry)(void* context, const char* name, size_t length, uint64_t nid);
int LiberofsList(struct LiberofsReader* reader, uint64_t nid, LiberofsEntry entry, void* context);

/* Calls `xattr` for each extended attribute; its full name has a NUL at its end, its value is valid
 * during the call. */
typedef void (*LiberofsXattr)(void* context, const char* name, const char* value,
                              size_t size_bytes);
int LiberofsXattrs(struct LiberofsReader* reader, uint64_t nid, LiberofsXattr xattr, void* context);

/* Fills the buffer from `offset`: a file's content or a symlink's target. */
int LiberofsRead(struct LiberofsReader* reader, uint64_t nid, void* buffer, size_t size_bytes,
                 uint64_t offset);

/* A run of a file's content and where it stands in the image. */
struct LiberofsExtent {
  uint64_t content_bytes;
  uint64_t image_offset; /* unless `packed` */
  uint64_t image_bytes;  /* as stored; 0 where `packed` */
  bool packed;           /* it is a part of the packed inode */
};

/* Calls `extent` for each run of the file; stops where it returns non-zero and returns that. */
typedef int (*LiberofsOnExtent)(void* context, const struct LiberofsExtent* extent);
int LiberofsExtents(struct LiberofsReader* reader, uint64_t nid, LiberofsOnExtent extent,
                    void* context);

/* The inode that holds small files and tails; 0 where the image has none. */
uint64_t LiberofsPackedInode(struct LiberofsReader* reader);

#ifdef __cplusplus
}
#endif

#endif /* SLIPWAY_BUILDER_READ_LIBEROFS_READER_H_ */
