#include "builder/liberofs_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "erofs/config.h"
#include "erofs/dir.h"
#include "erofs/internal.h"
#include "erofs/print.h"

struct LiberofsReader {
  struct erofs_sb_info sb;
};

struct ListContext {
  struct erofs_dir_context dir; /* first: liberofs hands back a pointer to it */
  LiberofsEntry entry;
  void* context;
};

int LiberofsOpen(const char* path, struct LiberofsReader** reader) {
  struct LiberofsReader* out = calloc(1, sizeof *out);
  int error;
  if (out == NULL) {
    return -ENOMEM;
  }
  erofs_init_configure();
  cfg.c_dbg_lvl = EROFS_ERR - 1; /* what is wrong is said once, by us */
  error = erofs_dev_open(&out->sb, path, O_RDONLY);
  if (error != 0) {
    free(out);
    return error;
  }
  error = erofs_read_superblock(&out->sb);
  if (error != 0) {
    erofs_dev_close(&out->sb);
    free(out);
    return error;
  }
  /* Keeps the packed inode's content once decoded: else every small file decodes a whole unit. */
  if (out->sb.packed_nid > 0) {
    error = erofs_packedfile_init(&out->sb, false);
    if (error != 0) {
      LiberofsClose(out);
      return error;
    }
  }
  *reader = out;
  return 0;
}

void LiberofsClose(struct LiberofsReader* reader) {
  if (reader->sb.packed_nid > 0) {
    erofs_packedfile_exit(&reader->sb);
  }
  erofs_put_super(&reader->sb);
  erofs_dev_close(&reader->sb);
  erofs_exit_configure();
  free(reader);
}

uint64_t LiberofsRoot(const struct LiberofsReader* reader) { return reader->sb.root_nid; }

static int ReadInode(struct LiberofsReader* reader, uint64_t nid, struct erofs_inode* inode) {
  *inode = (struct erofs_inode){.sbi = &reader->sb, .nid = nid};
  return erofs_read_inode_from_disk(inode);
}

int LiberofsStatOf(struct LiberofsReader* reader, uint64_t nid, struct LiberofsStat* out) {
  struct erofs_inode inode;
  const int error = ReadInode(reader, nid, &inode);
  if (error != 0) {
    return error;
  }
  *out = (struct LiberofsStat){.size_bytes = inode.i_size,
                               .mtime_seconds = (int64_t)inode.i_mtime,
                               .mode = inode.i_mode,
                               .uid = inode.i_uid,
                               .gid = inode.i_gid,
                               .links = inode.i_nlink};
  return 0;
}

static int OnEntry(struct erofs_dir_context* dir) {
  struct ListContext* list = (struct ListContext*)dir;
  if (dir->dot_dotdot) {
    return 0;
  }
  return list->entry(list->context, dir->dname, dir->de_namelen, dir->de_nid);
}

int LiberofsList(struct LiberofsReader* reader, uint64_t nid, LiberofsEntry entry, void* context) {
  struct erofs_inode inode;
  struct ListContext list = {.dir = {.dir = &inode, .cb = OnEntry}, .entry = entry, .context = context};
  const int error = ReadInode(reader, nid, &inode);
  return error != 0 ? error : erofs_iterate_dir(&list.dir, false);
}

int LiberofsRead(struct LiberofsReader* reader, uint64_t nid, void* buffer, size_t size_bytes,
                 uint64_t offset) {
  struct erofs_inode inode;
  struct erofs_vfile file;
  ssize_t got;
  int error = ReadInode(reader, nid, &inode);
  if (error != 0) {
    return error;
  }
  error = erofs_iopen(&file, &inode);
  if (error != 0) {
    return error;
  }
  got = erofs_io_pread(&file, buffer, size_bytes, offset);
  return got < 0 ? (int)got : (size_t)got == size_bytes ? 0 : -EIO;
}
