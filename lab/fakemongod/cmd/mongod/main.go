// Command mongod is the fake mongod as a program, for a container.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/lab/fakemongod"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mongod (fake):", err)
		os.Exit(1)
	}
}

func run() error {
	folder := flag.String("dbpath", "/data/db", "data folder")
	address := flag.String("bind_ip", "0.0.0.0", "address")
	port := flag.Int("port", 27017, "port")
	set := flag.String("replSet", "", "name of the replica set")
	state := flag.String("fakeState", "", "state of a member that is not ready")
	auth := flag.Bool("auth", false, "clients have to log in")
	var lifetime time.Duration
	flag.Func("setParameter", "NAME=VALUE; all but transactionLifetimeLimitSeconds are ignored", func(text string) (err error) {
		if seconds, ok := strings.CutPrefix(text, "transactionLifetimeLimitSeconds="); ok {
			lifetime, err = time.ParseDuration(seconds + "s")
		}
		return err
	})
	flag.Parse()
	var listen net.ListenConfig
	listen.SetMultipathTCP(false) // CRIU cannot dump it, and Go's listeners have it
	l, err := listen.Listen(context.Background(), "tcp", net.JoinHostPort(*address, strconv.Itoa(*port)))
	if err != nil {
		return err
	}
	server, err := fakemongod.Serve(l, fakemongod.Options{Folder: *folder, Set: *set, State: *state, Users: users(*auth), Lifetime: lifetime})
	if err != nil {
		return err
	}
	fmt.Println("mongod (fake): waiting for connections on port", *port)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	<-stop
	return server.Close()
}

// users is the one of the official image's variables.
func users(auth bool) []fakemongod.User {
	name := os.Getenv("MONGO_INITDB_ROOT_USERNAME")
	if name == "" || !auth {
		return nil
	}
	return []fakemongod.User{{Name: name, Password: os.Getenv("MONGO_INITDB_ROOT_PASSWORD")}}
}
