//go:build !linux

package rig

import "syscall"

func dieWithUs(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
