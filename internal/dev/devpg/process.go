package devpg

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a running postmaster that ends with the thread that started it, and so with this process.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// startProcess starts cmd on a thread that lives as long as it: the kernel sends the parent-death signal when the
// starting thread ends, not the process.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		// How it ended is in its log; the caller only needs to know that it did.
		_ = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks for a fast shutdown and forces one when ctx ends first.
func (p *process) stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return p.abort(context.WithoutCancel(ctx))
	}
}

// abort shuts down without finishing anything.
func (p *process) abort(ctx context.Context) error {
	if err := p.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), p.signal(syscall.SIGKILL))
	}
}

func (p *process) signal(s syscall.Signal) error {
	err := syscall.Kill(p.pid(), s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
