package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// dockerAPI is dockerd's API, for the few calls that make a container again.
// Bodies pass through as they are, so that fields which this build does not
// know are kept.
type dockerAPI struct{ client http.Client }

// dialDocker finds dockerd where the docker command does.
func dialDocker() (*dockerAPI, error) {
	path := "/var/run/docker.sock"
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		p, ok := strings.CutPrefix(host, "unix://")
		if !ok {
			return nil, fail(exitUsage, "run it on Docker's own host", "DOCKER_HOST=%s is no unix socket", host)
		}
		path = p
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", path)
	}
	return &dockerAPI{http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// call makes one call; an answer that is no success is an error in dockerd's
// words.
func (d *dockerAPI) call(ctx context.Context, method, path string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := d.client.Do(r)
	if err != nil {
		return fmt.Errorf("dockerd: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("dockerd: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("dockerd: %s", message(text))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func message(text []byte) string {
	var m struct{ Message string }
	if json.Unmarshal(text, &m) == nil && m.Message != "" {
		return m.Message
	}
	return strings.TrimSpace(string(text))
}
