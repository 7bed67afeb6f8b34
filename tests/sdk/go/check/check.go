// Package check holds what both Go programs share: the settings `run` passes in, a client whose every name
// leads to loopback, and the counting.
package check

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
)

var (
	Endpoint  = os.Getenv("SDK_ENDPOINT")
	PathStyle = os.Getenv("SDK_STYLE") == "path"
	V4        = os.Getenv("SDK_AUTH") == "v4"
	KeyID     = os.Getenv("SDK_KEY_ID")
	KeySecret = os.Getenv("SDK_KEY_SECRET")
	Region    = os.Getenv("SDK_REGION")
	Bucket    = os.Getenv("SDK_BUCKET")
	StsID     = os.Getenv("SDK_STS_ID")
	StsSecret = os.Getenv("SDK_STS_SECRET")
	StsToken  = os.Getenv("SDK_STS_TOKEN")
)

// Client dials 127.0.0.1 whatever the name: BUCKET.localhost and the real service's names have no address here.
func Client() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 20 * time.Second}
}

type failure string

// Checks counts; a check fails by calling one of the functions below.
type Checks struct {
	Name           string
	passed, failed int
}

func (c *Checks) Run(title string, body func()) {
	began := time.Now()
	defer func() {
		why := recover()
		if why == nil {
			c.passed++
			fmt.Printf("ok   %s (%d ms)\n", title, time.Since(began).Milliseconds())
			return
		}
		c.failed++
		text := strings.Join(strings.Fields(fmt.Sprint(why)), " ")
		if len(text) > 600 {
			text = text[:600]
		}
		fmt.Printf("FAIL %s: %s\n", title, text)
	}()
	body()
}

func (c *Checks) End() {
	fmt.Printf("%s: %d passed, %d failed\n", c.Name, c.passed, c.failed)
	if c.failed > 0 || c.passed == 0 {
		os.Exit(1)
	}
}

func Fail(format string, values ...any) { panic(failure(fmt.Sprintf(format, values...))) }

func Same(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		Fail("%#v is not %#v", got, wanted)
	}
}

// Must is the result of a call that has to succeed.
func Must[T any](value T, err error) T {
	Ok(err)
	return value
}

func Ok(err error) {
	if err != nil {
		Fail("%v", err)
	}
}

// WaitFor asks until the answer is true; a restore takes a moment.
func WaitFor(what string, probe func() bool) {
	for deadline := time.Now().Add(20 * time.Second); !probe(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			Fail("waited in vain for %s", what)
		}
	}
}

// HTTP sends a request without any OSS client, as a browser would.
func HTTP(method, url, body string, headers map[string]string) (int, string) {
	request := Must(http.NewRequest(method, url, strings.NewReader(body)))
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer := Must(Client().Do(request))
	defer answer.Body.Close()
	return answer.StatusCode, string(Must(io.ReadAll(answer.Body)))
}
