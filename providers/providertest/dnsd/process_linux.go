package dnsd

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when the test process is killed,
// as by a time-out, where no clean-up runs (prctl(2), PR_SET_PDEATHSIG).
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
