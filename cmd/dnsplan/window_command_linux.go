package main

import "syscall"

// endsWithUs has the kernel end a command when this process dies, in whatever way: a
// guard does so only once it knows of it. It is about the thread that starts the
// command, which has to live as long (prctl(2), PR_SET_PDEATHSIG).
func endsWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
