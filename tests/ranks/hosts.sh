#!/bin/bash
# Hosts made of network namespaces, to try several machines on one: PREFIX1 … PREFIXn on a bridge of their own.
# hosts.sh up PREFIX N [RATE, as 1gbit] | down PREFIX N. It needs root and iproute2.
set -e
what=$1 prefix=$2 N=$3 rate=$4
case $what in
up)
  ip netns add "${prefix}hub"
  ip -n "${prefix}hub" link add br0 type bridge
  ip -n "${prefix}hub" link set br0 up
  for k in $(seq "$N"); do
    host=$prefix$k
    ip netns add "$host"
    ip -n "$host" link set lo up
    ip link add eth0 netns "$host" type veth peer name "p$k" netns "${prefix}hub"
    ip -n "${prefix}hub" link set "p$k" master br0 up
    ip -n "$host" addr add "10.77.0.$k/24" dev eth0
    ip -n "$host" link set eth0 up
    mkdir -p "/etc/netns/$host"
    { echo 127.0.0.1 localhost; for j in $(seq "$N"); do echo "10.77.0.$j $prefix$j"; done; } > "/etc/netns/$host/hosts"
    if [ -n "$rate" ]; then
      ip netns exec "$host" tc qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
      ip netns exec "${prefix}hub" tc qdisc add dev "p$k" root tbf rate "$rate" burst 256kb latency 50ms
    fi
  done;;
down)
  for k in $(seq "$N"); do
    ip netns del "$prefix$k" 2>/dev/null || true
    rm -rf "/etc/netns/$prefix$k"
  done
  ip netns del "${prefix}hub" 2>/dev/null || true
  rmdir /etc/netns 2>/dev/null || true;;
esac
