package rig

import "syscall"

// dieWithUs has the kernel end a child when we are gone, however we went: a killed test leaves no server behind.
func dieWithUs(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if a == nil {
		a = new(syscall.SysProcAttr)
	}
	a.Pdeathsig = syscall.SIGKILL
	return a
}
