"""Real programs that bring pictures and fetch results: Samba, FTP, rsync, SFTP, rclone.

Each test starts its servers on free ports of this machine, with their config in its own folder, and
stops them. Where Debian's program is not installed, its test says so and skips.
"""
