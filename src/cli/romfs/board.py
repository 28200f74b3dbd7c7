def belay_romfs(do, number=0, offset=0, data=b"", size=0):
    try:
        import vfs

        ioctl = vfs.rom_ioctl
    except (ImportError, AttributeError):
        return None
    if do == "count":
        return max(ioctl(1), 0)
    device = ioctl(2, number)
    if isinstance(device, int):
        return None
    has_blocks = hasattr(device, "ioctl")
    if do == "about":
        if has_blocks:
            size = device.ioctl(5, 0)
            total = device.ioctl(4, 0) * size
        else:
            total = len(device)
            size = ioctl(6, number)
        return total, size if size > 0 else total, has_blocks, bytes(memoryview(device)[:16])
    if do == "begin":
        try:
            vfs.umount("/rom")
        except OSError:
            pass
        return True
    if do == "erase":
        if has_blocks:
            device.ioctl(6, offset // size)
            return 0
        return ioctl(3, number, offset, size)
    if do == "write":
        if has_blocks:
            device.writeblocks(offset // size, data, offset % size)
        elif ioctl(4, number, offset, data) < 0:
            return False
        return memoryview(device)[offset : offset + len(data)] == data
    if not has_blocks and ioctl(5, number) < 0:
        return False
    try:
        vfs.mount(vfs.VfsRom(device), "/rom")
    except OSError:
        pass
    return True
