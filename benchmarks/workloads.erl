%% The workloads of workloads.cc in Erlang, with the same parameters and the same output.
%%
%%   erl -noinput -run workloads main ping_pong 64 8000000 1    (parameter, operations, runs)
-module(workloads).
-behaviour(gen_server).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2, start_worker/1, start_link/1]).
-export([start_attendant/0]).
%% Of -epmd_module.
-export([start_link/0, register_node/3, listen_port_please/2, address_please/3]).

-define(BYTES, 64).  % of a message between nodes, unless the workload is about that

main([Name | Numbers]) ->
    [Parameter, Operations, Runs] = [list_to_integer(Number) || Number <- Numbers],
    Body = fun() -> run(list_to_atom(Name), Parameter, Operations) end,
    report(lists:last([in_process(Body) || _ <- lists:seq(1, Runs)])),
    halt(0).

report({Operations, Seconds, Figures}) ->
    Named = [io_lib:format(" ~s=~w", [Name, Value]) || {Name, Value} <- Figures],
    io:format("~w ~w~s~n", [Operations, Seconds, Named]).

run(ping_pong, Pairs, Messages) -> ping_pong(Pairs, Messages);
run(fan_in, Senders, Messages) -> fan_in(Senders, Messages);
run(ring, Processes, Hops) -> ring(Processes, Hops);
run(spawn, _, Processes) -> spawn_and_wake(Processes);
run(skynet, FanOut, Leaves) -> skynet(FanOut, Leaves);
run(timers, _, Timers) -> start_and_cancel(Timers);
run(link, _, Links) -> link_and_unlink(Links);
run(links, _, Links) -> keep_links(Links);
run(monitor, _, Monitors) -> monitor_and_demonitor(Monitors);
run(monitors, _, Monitors) -> keep_monitors(Monitors);
run(spawn_link, _, Processes) -> spawn_link_and_await(Processes);
run(select, Others, Receives) -> select(Others, Receives);
run(call, Clients, Calls) -> call_server(Clients, Calls);
run(call_past, Others, Calls) -> call_past_others(Others, Calls);
run(servers, Hibernate, Servers) -> keep_servers(Hibernate, Servers);
run(restart, Children, Restarts) -> restart_children(Children, Restarts, 1000);
run(restart_often, Children, Restarts) -> restart_children(Children, Restarts, Restarts);
run(tree, _, Children) -> start_and_stop_tree(Children);
run(lookup, Processes, Lookups) -> look_up_in_registry(Processes, Lookups);
run(whereis, Processes, Lookups) -> find_processes(Processes, Lookups);
run(table_lookup, Processes, Lookups) -> look_up_in_table(Processes, Lookups);
run(counter, Processes, Additions) -> count_in_table(Processes, Additions);
run(register, Processes, Pairs) -> register_and_unregister(Processes, Pairs);
run(publish, Subscribers, Deliveries) -> publish_to_many(Subscribers, Deliveries);
run(group_join, _, Pairs) -> join_and_leave(Pairs);
run(checkout, Processes, Leases) -> borrow_workers(Processes, Leases);
run('node/ping_pong', Pairs, RoundTrips) -> ping_pong_between_nodes(Pairs, RoundTrips);
run('node/one_way', Bytes, Messages) -> send_to_node(Bytes, Messages);
run('node/stream', Bytes, Messages) -> send_to_node(Bytes, Messages);
run('node/call', Clients, Calls) -> call_node(Clients, ?BYTES, Calls);
run('node/echo', Bytes, Calls) -> call_node(1, Bytes, Calls);
run('node/mesh', Nodes, Messages) -> send_in_mesh(Nodes, Messages);
run('node/mesh_ping_pong', Nodes, RoundTrips) -> ping_pong_in_mesh(Nodes, RoundTrips);
run('node/idle', Seconds, _) -> idle_between_nodes(Seconds);
run(idle, Seconds, Processes) -> idle(Seconds, Processes).

%% Each run has a process of its own, so that no heap is that of another run.
in_process(Body) ->
    {_, Ref} = spawn_monitor(fun() -> exit({result, Body()}) end),
    receive {'DOWN', Ref, process, _, Reason} -> {result, Result} = Reason, Result end.

await_done(0) -> ok;
await_done(N) -> receive done -> await_done(N - 1) end.

now_ns() -> erlang:monotonic_time(nanosecond).

seconds_since(Start) -> (now_ns() - Start) / 1.0e9.

%% ---- ping-pong

ponger() -> receive {ping, From} -> From ! pong, ponger() end.

pinger(Owner, Rounds) ->
    Ponger = spawn(fun ponger/0),
    rounds(Ponger, Rounds),
    exit(Ponger, shutdown),
    Owner ! done.

rounds(_, 0) -> ok;
rounds(Ponger, N) ->
    Ponger ! {ping, self()},
    receive pong -> rounds(Ponger, N - 1) end.

ping_pong(Pairs, Messages) ->
    Self = self(),
    Rounds = Messages div 2 div Pairs,
    Start = now_ns(),
    [spawn(fun() -> pinger(Self, Rounds) end) || _ <- lists:seq(1, Pairs)],
    await_done(Pairs),
    {2 * Rounds * Pairs, seconds_since(Start), []}.

%% ---- fan-in

flood(_, 0) -> ok;
flood(Receiver, N) -> Receiver ! {number, N}, flood(Receiver, N - 1).

count(0) -> ok;
count(N) -> receive {number, _} -> count(N - 1) end.

fan_in(Senders, Total) ->
    Self = self(),
    Messages = Total div Senders,
    Start = now_ns(),
    [spawn(fun() -> flood(Self, Messages) end) || _ <- lists:seq(1, Senders)],
    count(Messages * Senders),
    {Messages * Senders, seconds_since(Start), []}.

%% ---- ring

ring_member(_, 0) -> ok;
ring_member(Next, Laps) -> receive token -> Next ! token, ring_member(Next, Laps - 1) end.

laps(_, 0) -> ok;
laps(First, Laps) -> First ! token, receive token -> laps(First, Laps - 1) end.

ring(Processes, Hops) ->
    Laps = Hops div Processes,
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> ring_member(Next, Laps) end) end,
                        self(), lists:seq(2, Processes)),
    Start = now_ns(),
    laps(First, Laps),
    {Processes * Laps, seconds_since(Start), []}.

%% ---- spawn

wait_once(Owner) ->
    Owner ! done,
    receive wake -> Owner ! done end.

spawn_waiting(Left, Pids) when Left =< 0 -> Pids;
spawn_waiting(Left, Pids) ->
    Self = self(),
    Batch = min(1000, Left),
    Waiting = [spawn(fun() -> wait_once(Self) end) || _ <- lists:seq(1, Batch)],
    await_done(Batch),
    spawn_waiting(Left - Batch, Waiting ++ Pids).

resident_bytes() ->
    {ok, Statm} = file:read_file("/proc/self/statm"),
    [_, Resident | _] = binary:split(Statm, <<" ">>, [global]),
    binary_to_integer(Resident) * 4096.

spawn_and_wake(Processes) ->
    {BytesBefore, VmBytesBefore} = {resident_bytes(), erlang:memory(total)},
    Start = now_ns(),
    Pids = spawn_waiting(Processes, []),
    Spawned = seconds_since(Start),
    {Bytes, VmBytes} = {resident_bytes() - BytesBefore, erlang:memory(total) - VmBytesBefore},
    [Pid ! wake || Pid <- Pids],
    await_done(Processes),
    {Processes, seconds_since(Start),
     [{spawned_per_s, Processes / Spawned},
      {bytes_per_process, Bytes / Processes},
      {bytes_by_the_vm, VmBytes / Processes}]}.

%% ---- skynet

skynet_node(Parent, First, 1, _) -> Parent ! {sum, First};
skynet_node(Parent, First, Leaves, FanOut) ->
    Self = self(),
    Share = Leaves div FanOut,
    [spawn(fun() -> skynet_node(Self, First + I * Share, Share, FanOut) end)
     || I <- lists:seq(0, FanOut - 1)],
    Parent ! {sum, sum(FanOut, 0)}.

sum(0, Sum) -> Sum;
sum(N, Sum) -> receive {sum, Value} -> sum(N - 1, Sum + Value) end.

watch_peak(Seen) ->
    Peak = max(Seen, erlang:system_info(process_count)),
    receive {peak, From} -> From ! {peak, Peak} after 1 -> watch_peak(Peak) end.

skynet(FanOut, Leaves) ->
    Self = self(),
    Watch = spawn_opt(fun() -> watch_peak(0) end, [{priority, high}]),
    Start = now_ns(),
    spawn(fun() -> skynet_node(Self, 0, Leaves, FanOut) end),
    Sum = sum(1, 0),
    Seconds = seconds_since(Start),
    Sum = Leaves * (Leaves - 1) div 2,
    Watch ! {peak, Self},
    receive {peak, Peak} -> {Leaves, Seconds, [{peak_alive, Peak}]} end.

%% ---- timers

start_and_cancel(Timers) ->
    Self = self(),
    Start = now_ns(),
    Started = [erlang:send_after(10000 + I rem 51 * 1000, Self, wake) || I <- lists:seq(1, Timers)],
    [true = is_integer(erlang:cancel_timer(Timer)) || Timer <- Started],
    {Timers, seconds_since(Start), []}.

%% ---- links and monitors

await_answer(Ponger) -> Ponger ! {ping, self()}, receive pong -> ok end.

links(_, 0) -> ok;
links(Partner, N) -> link(Partner), unlink(Partner), links(Partner, N - 1).

link_and_unlink(Links) -> make_and_end(fun links/2, Links).

monitors(_, 0) -> ok;
monitors(Partner, N) ->
    Ref = erlang:monitor(process, Partner),
    erlang:demonitor(Ref),
    monitors(Partner, N - 1).

monitor_and_demonitor(Monitors) -> make_and_end(fun monitors/2, Monitors).

make_and_end(Loop, Times) ->
    Partner = spawn(fun ponger/0),
    await_answer(Partner),
    Start = now_ns(),
    Loop(Partner, Times),
    await_answer(Partner),
    {Times, seconds_since(Start), []}.

%% ---- links and monitors that stay

answer_wakes(Owner) ->
    Owner ! done,
    receive wake -> answer_wakes(Owner) end.

spawn_answering(Owner) ->
    Pid = spawn(fun() -> answer_wakes(Owner) end),
    await_done(1),
    Pid.

relate_to_many(Count, Relate, BytesPerRelation) ->
    Self = self(),
    Partners = [spawn_answering(Self) || _ <- lists:seq(1, Count)],
    {BytesBefore, VmBytesBefore} = {resident_bytes(), erlang:memory(total)},
    Start = now_ns(),
    lists:foreach(fun(Pid) -> Relate(Pid), Pid ! wake, await_done(1) end, Partners),
    {Bytes, VmBytes} = {resident_bytes() - BytesBefore, erlang:memory(total) - VmBytesBefore},
    {0, seconds_since(Start),
     [{BytesPerRelation, Bytes / Count}, {bytes_by_the_vm, VmBytes / Count}]}.

keep_links(Links) ->
    relate_to_many(Links, fun(Pid) -> link(Pid) end, bytes_per_link).

keep_monitors(Monitors) ->
    relate_to_many(Monitors, fun(Pid) -> erlang:monitor(process, Pid) end, bytes_per_monitor).

%% ---- spawn_link

spawn_linked(0) -> ok;
spawn_linked(N) ->
    Pid = spawn_link(fun() -> exit(shutdown) end),
    receive {'EXIT', From, shutdown} -> From = Pid, spawn_linked(N - 1) end.

spawn_link_and_await(Processes) ->
    process_flag(trap_exit, true),
    Start = now_ns(),
    spawn_linked(Processes),
    {Processes, seconds_since(Start), []}.

%% ---- select

selects(0) -> ok;
selects(N) -> self() ! {wanted}, receive {wanted} -> selects(N - 1) end.

select(Others, Receives) ->
    [self() ! {other, I} || I <- lists:seq(1, Others)],
    Start = now_ns(),
    selects(Receives),
    {Receives, seconds_since(Start), []}.

%% ---- calls

init({supervise, Flags, Children, Owner}) ->
    {ok, {Flags, [#{id => Id, start => {?MODULE, start_worker, [Owner]}}
                  || Id <- lists:seq(1, Children)]}};
init({worker, none}) -> {ok, 0};
init({worker, Owner}) -> Owner ! {started, self()}, {ok, 0};
init(Sum) -> {ok, Sum}.
handle_call({add, Number}, _From, Sum) -> {reply, Sum + Number, Sum + Number};
handle_call(sum, _From, S) -> {reply, lists:sum(lists:seq(1, 200)), S};
handle_call(sum_then_hibernate, _From, S) ->
    {reply, lists:sum(lists:seq(1, 200)), S, hibernate};
handle_call({spawn_pongers, Count}, _From, S) ->
    {reply, [spawn(fun node_ponger/0) || _ <- lists:seq(1, Count)], S};
handle_call(spawn_taker, _From, S) -> {reply, spawn(fun take_items/0), S};
handle_call({spawn_pingers, Pongers, Rounds, Owner}, _From, S) ->
    {reply, [spawn(fun() -> ping_in_turn(Ponger, Rounds, Owner) end) || Ponger <- Pongers], S};
handle_call({spawn_senders, Takers, Batches, Owner}, _From, S) ->
    {reply, [spawn(fun() -> send_in_turn(Taker, Batches, Owner) end) || Taker <- Takers], S};
handle_call({echo, Payload}, _From, S) -> {reply, Payload, S}.
handle_cast(_, Sum) -> {noreply, Sum}.

calls(_, 0) -> ok;
calls(Server, N) -> gen_server:call(Server, {add, 1}), calls(Server, N - 1).

call_server(Clients, Calls) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    Self = self(),
    CallsOfEach = Calls div Clients,
    Start = now_ns(),
    [spawn(fun() -> calls(Server, CallsOfEach), Self ! done end) || _ <- lists:seq(1, Clients)],
    await_done(Clients),
    {CallsOfEach * Clients, seconds_since(Start), []}.

call_past_others(Others, Calls) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    [self() ! {other, I} || I <- lists:seq(1, Others)],
    Start = now_ns(),
    calls(Server, Calls),
    {Calls, seconds_since(Start), []}.

%% ---- servers

keep_servers(Hibernate, Servers) ->
    Request = case Hibernate of 0 -> sum; 1 -> sum_then_hibernate end,
    {BytesBefore, VmBytesBefore} = {resident_bytes(), erlang:memory(total)},
    Start = now_ns(),
    lists:foreach(fun(_) ->
                      {ok, Server} = gen_server:start(?MODULE, 0, []),
                      gen_server:call(Server, Request)
                  end, lists:seq(1, Servers)),
    Seconds = seconds_since(Start),
    {Bytes, VmBytes} = {resident_bytes() - BytesBefore, erlang:memory(total) - VmBytesBefore},
    {Servers, Seconds,
     [{bytes_per_server, Bytes / Servers}, {bytes_by_the_vm, VmBytes / Servers}]}.

%% ---- supervisors

start_worker(Owner) -> gen_server:start_link(?MODULE, {worker, Owner}, []).

supervise(Flags, Children, Owner) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervise, Flags, Children, Owner}),
    Supervisor.

stop(Supervisor) ->
    unlink(Supervisor),
    Ref = monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive {'DOWN', Ref, process, _, shutdown} -> ok end.

await_started(0) -> [];
await_started(N) -> receive {started, Pid} -> [Pid | await_started(N - 1)] end.

kill_children(_, _, 0) -> ok;
kill_children(Pids, Children, Rounds) ->
    [exit(Pid, kill) || Pid <- Pids],
    kill_children(await_started(Children), Children, Rounds - 1).

restart_children(Children, Restarts, Intensity) ->
    logger:set_primary_config(level, none),
    Start = now_ns(),
    use_supervisors(Children, Restarts div Intensity, Intensity),
    {Restarts, seconds_since(Start), []}.

use_supervisors(_, 0, _) -> ok;
use_supervisors(Children, Supervisors, Intensity) ->
    Supervisor = supervise(#{intensity => Intensity, period => 3600}, Children, self()),
    kill_children(await_started(Children), Children, Intensity div Children),
    stop(Supervisor),
    use_supervisors(Children, Supervisors - 1, Intensity).

start_and_stop_tree(Children) ->
    {BytesBefore, VmBytesBefore} = {resident_bytes(), erlang:memory(total)},
    Start = now_ns(),
    Supervisor = supervise(#{}, Children, none),
    StartSeconds = seconds_since(Start),
    {Bytes, VmBytes} = {resident_bytes() - BytesBefore, erlang:memory(total) - VmBytesBefore},
    StopStart = now_ns(),
    stop(Supervisor),
    StopSeconds = seconds_since(StopStart),
    {Children, StartSeconds,
     [{stopped_per_s, Children / StopSeconds}, {bytes_per_child, Bytes / Children},
      {bytes_by_the_vm, VmBytes / Children}]}.

%% ---- lookups

-define(KEYS, 100000).

next_key(State) -> (State * 1664525 + 1013904223) band 16#ffffffff.

repeat(_, _, 0) -> ok;
repeat(Operation, State, Times) ->
    Next = next_key(State),
    Operation((Next * ?KEYS) bsr 32),
    repeat(Operation, Next, Times - 1).

measure_repeats(Operation, Processes, Operations) ->
    Self = self(),
    Times = Operations div Processes,
    Start = now_ns(),
    [spawn(fun() -> repeat(Operation, Seed, Times), Self ! done end)
     || Seed <- lists:seq(1, Processes)],
    await_done(Processes),
    {Times * Processes, seconds_since(Start), []}.

look_up_in_registry(Processes, Lookups) ->
    Table = ets:new(registry, [set, {read_concurrency, true}]),
    [ets:insert(Table, {Key, self(), Key}) || Key <- lists:seq(0, ?KEYS - 1)],
    measure_repeats(fun(Key) -> [{_, _, Key}] = ets:lookup(Table, Key) end, Processes, Lookups).

look_up_in_table(Processes, Lookups) ->
    Table = ets:new(table, [set, {read_concurrency, true}]),
    [ets:insert(Table, {Key, Key}) || Key <- lists:seq(0, ?KEYS - 1)],
    measure_repeats(fun(Key) -> [{_, Key}] = ets:lookup(Table, Key) end, Processes, Lookups).

count_in_table(Processes, Additions) ->
    Counters = ets:new(counters, [set, public, {write_concurrency, true}]),
    [ets:insert(Counters, {Key, 0}) || Key <- lists:seq(0, ?KEYS - 1)],
    Measured = measure_repeats(fun(Key) -> ets:update_counter(Counters, Key, 1) end,
                               Processes, Additions),
    Sum = ets:foldl(fun({_, Count}, Sum) -> Sum + Count end, 0, Counters),
    Sum = element(1, Measured),
    Measured.

%% ---- Elixir's Registry

-define(REGISTRY, 'Elixir.Registry').

start_registry(Partitions) ->
    Options = [{keys, unique}, {name, registry}, {partitions, Partitions}],
    {ok, Registry} = ?REGISTRY:start_link(Options),
    Registry.

hold_key(Key, Owner) ->
    {ok, _} = ?REGISTRY:register(registry, Key, nil),
    Owner ! done,
    receive done -> ok end.

find_processes(Processes, Lookups) ->
    start_registry(1),
    Self = self(),
    [spawn(fun() -> hold_key(Key, Self) end) || Key <- lists:seq(0, ?KEYS - 1)],
    await_done(?KEYS),
    measure_repeats(fun(Key) -> true = is_pid(?REGISTRY:whereis_name({registry, Key})) end,
                    Processes, Lookups).

register_often(_, 0) -> ok;
register_often(Key, Times) ->
    {ok, _} = ?REGISTRY:register(registry, Key, nil),
    ok = ?REGISTRY:unregister(registry, Key),
    register_often(Key, Times - 1).

register_and_unregister(Processes, Pairs) ->
    Registry = start_registry(Processes),
    Self = self(),
    Times = Pairs div Processes,
    Start = now_ns(),
    [spawn(fun() -> register_often(Key, Times), Self ! done end) || Key <- lists:seq(1, Processes)],
    await_done(Processes),
    %% It has heard of all.
    [true = is_process_alive(Partition)
     || {_, Partition, _, _} <- supervisor:which_children(Registry)],
    {Times * Processes, seconds_since(Start), []}.

%% ---- publish

receive_published(Messages, Messages) -> ok;
receive_published(I, Messages) ->
    receive {published, I} -> receive_published(I + 1, Messages) end.

publish(_, Messages, Messages) -> ok;
publish(Pids, I, Messages) ->
    [Pid ! {published, I} || Pid <- Pids],
    erlang:yield(),
    publish(Pids, I + 1, Messages).

publish_to_many(Subscribers, Deliveries) ->
    Self = self(),
    Messages = Deliveries div Subscribers,
    Pids = [spawn(fun() -> receive_published(0, Messages), Self ! done end)
            || _ <- lists:seq(1, Subscribers)],
    Start = now_ns(),
    publish(Pids, 0, Messages),
    await_done(Subscribers),
    {Messages * Subscribers, seconds_since(Start), []}.

%% ---- groups

joins(_, 0) -> ok;
joins(Scope, N) ->
    ok = pg:join(Scope, group, self()),
    ok = pg:leave(Scope, group, self()),
    joins(Scope, N - 1).

join_and_leave(Pairs) ->
    {ok, _} = pg:start_link(scope),
    Start = now_ns(),
    joins(scope, Pairs),
    {Pairs, seconds_since(Start), []}.

%% ---- pools: poolboy

start_link(none) -> gen_server:start_link(?MODULE, {worker, none}, []).

borrow_often(_, 0) -> ok;
borrow_often(Pool, Times) ->
    poolboy:checkin(Pool, poolboy:checkout(Pool)),
    borrow_often(Pool, Times - 1).

borrow_workers(Processes, Leases) ->
    {ok, Pool} = poolboy:start_link([{worker_module, ?MODULE}, {size, 8}, {max_overflow, 0}], none),
    Self = self(),
    Times = Leases div Processes,
    Start = now_ns(),
    [spawn(fun() -> borrow_often(Pool, Times), Self ! done end) || _ <- lists:seq(1, Processes)],
    await_done(Processes),
    {Times * Processes, seconds_since(Start), []}.

%% ---- nodes find each other without epmd: a node's name has its port

-define(NAME, "port").

start_link() -> ignore.

register_node(_Name, _Port, _Family) -> {ok, rand:uniform((1 bsl 32) - 1)}.

listen_port_please(Name, _Host) -> {ok, port_of(Name)}.

address_please(Name, _Host, inet) -> {ok, {127, 0, 0, 1}, port_of(Name), 6}.

port_of(Name) when is_atom(Name) -> port_of(atom_to_list(Name));
port_of(?NAME ++ Port) -> list_to_integer(Port).

free_port() ->
    {ok, Socket} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Socket),
    ok = gen_tcp:close(Socket),
    Port.

%% ---- between nodes

%% Another `erl`, which ends with this one.
start_other_node() ->
    Arguments = ["-setcookie", atom_to_list(erlang:get_cookie()),
                 "-start_epmd", "false", "-epmd_module", ?MODULE_STRING,
                 "-kernel", "inet_dist_use_interface", "{127,0,0,1}",
                 "-pa", filename:dirname(code:which(?MODULE))],
    {ok, Peer, Node} = peer:start_link(#{name => ?NAME ++ integer_to_list(free_port()),
                                         host => "127.0.0.1", longnames => true,
                                         connection => standard_io, args => Arguments}),
    ok = peer:call(Peer, ?MODULE, start_attendant, []),
    {attendant, Node}.

start_attendant() ->
    {ok, _} = gen_server:start({local, attendant}, ?MODULE, 0, []),
    ok.

payload(Bytes) -> binary:copy(<<"x">>, Bytes).

%% What each of so many does, of all that is to be done.
share_of(Operations, Many) -> max(1, Operations div Many).

tcp_bytes() ->
    [{_, Socket}] = erlang:system_info(dist_ctrl),
    {ok, Bytes} = inet:getstat(Socket, [send_oct, recv_oct]),
    lists:sum([Count || {_, Count} <- Bytes]).

%% The nodes are connected.
measure_between_nodes(Body, Operations, BytesPerOperation) ->
    BytesBefore = tcp_bytes(),
    Start = now_ns(),
    Body(),
    Seconds = seconds_since(Start),
    {Operations, Seconds, [{BytesPerOperation, (tcp_bytes() - BytesBefore) / Operations}]}.

node_ponger() -> receive {ping, From, Payload} -> From ! {pong, Payload}, node_ponger() end.

pings(_, _, 0) -> ok;
pings(Ponger, Payload, N) ->
    Ponger ! {ping, self(), Payload},
    receive {pong, _} -> pings(Ponger, Payload, N - 1) end.

ping_pong_between_nodes(Pairs, RoundTrips) ->
    Pongers = gen_server:call(start_other_node(), {spawn_pongers, Pairs}),
    Self = self(),
    Rounds = share_of(RoundTrips, Pairs),
    Body = fun() ->
               [spawn(fun() -> pings(Ponger, payload(?BYTES), Rounds), Self ! done end)
                || Ponger <- Pongers],
               await_done(Pairs)
           end,
    measure_between_nodes(Body, Rounds * Pairs, bytes_per_round_trip).

take_items() ->
    receive
        {item, _} -> take_items();
        {end_of_batch, Sender} -> Sender ! taken, take_items()
    end.

send_batch(Taker, _, 0) -> Taker ! {end_of_batch, self()};
send_batch(Taker, Payload, Items) ->
    Taker ! {item, Payload},
    send_batch(Taker, Payload, Items - 1).

await_taken() -> receive taken -> ok end.

%% Two batches are under way at the most.
send_batches(Taker, Payload, Items, Batches) ->
    send_batch(Taker, Payload, Items),
    send_more_batches(Taker, Payload, Items, Batches - 1).

send_more_batches(_, _, _, 0) -> await_taken();
send_more_batches(Taker, Payload, Items, Batches) ->
    send_batch(Taker, Payload, Items),
    await_taken(),
    send_more_batches(Taker, Payload, Items, Batches - 1).

%% Of messages that are large, a batch has fewer: some MiB are under way, or two messages.
items_of_batch(Bytes) -> min(10000, max(1, (2 bsl 20) div Bytes)).

send_to_node(Bytes, Messages) ->
    Taker = gen_server:call(start_other_node(), spawn_taker),
    Items = items_of_batch(Bytes),
    Batches = share_of(Messages, Items),
    Body = fun() -> send_batches(Taker, payload(Bytes), Items, Batches) end,
    measure_between_nodes(Body, Batches * Items, bytes_per_message).

echoes(_, _, 0) -> ok;
echoes(Attendant, Payload, N) ->
    gen_server:call(Attendant, {echo, Payload}, infinity),
    echoes(Attendant, Payload, N - 1).

call_node(Clients, Bytes, Calls) ->
    Attendant = start_other_node(),
    Self = self(),
    gen_server:call(Attendant, {echo, <<>>}),
    CallsOfEach = share_of(Calls, Clients),
    Body = fun() ->
               [spawn(fun() -> echoes(Attendant, payload(Bytes), CallsOfEach), Self ! done end)
                || _ <- lists:seq(1, Clients)],
               await_done(Clients)
           end,
    measure_between_nodes(Body, CallsOfEach * Clients, bytes_per_call).

%% ---- meshes of nodes: their processes do first a little, which connects the nodes; then, when
%% told to, their part

-define(MESH_BATCH, 1000).

ping_in_turn(Ponger, Rounds, Owner) ->
    Payload = payload(?BYTES),
    in_turn(fun() -> pings(Ponger, Payload, 1) end,
            fun() -> pings(Ponger, Payload, Rounds) end, Owner).

send_in_turn(Taker, Batches, Owner) ->
    Payload = payload(?BYTES),
    in_turn(fun() -> send_batches(Taker, Payload, 1, 1) end,
            fun() -> send_batches(Taker, Payload, ?MESH_BATCH, Batches) end, Owner).

in_turn(Connect, Body, Owner) ->
    Connect(),
    Owner ! done,
    receive go -> Body() end,
    Owner ! done.

%% The attendants of so many nodes. This node's own comes first.
attendants_of_all(Nodes) ->
    ok = start_attendant(),
    [{attendant, node()} | [start_other_node() || _ <- lists:seq(2, Nodes)]].

%% How long those take that the attendants have spawned.
measure_mesh(Pids, OperationsOfEach) ->
    await_done(length(Pids)),  % all are connected
    Start = now_ns(),
    [Pid ! go || Pid <- Pids],
    await_done(length(Pids)),
    {length(Pids) * OperationsOfEach, seconds_since(Start), []}.

send_in_mesh(Nodes, Messages) ->
    Sinks = [{Attendant, gen_server:call(Attendant, spawn_taker)}
             || Attendant <- attendants_of_all(Nodes)],
    Batches = share_of(Messages, Nodes * (Nodes - 1) * ?MESH_BATCH),
    Senders = [gen_server:call(Attendant, {spawn_senders, Takers, Batches, self()})
               || {Attendant, Own} <- Sinks,
                  Takers <- [[Sink || {_, Sink} <- Sinks, Sink =/= Own]]],
    measure_mesh(lists:append(Senders), Batches * ?MESH_BATCH).

%% Each node has pingers for the nodes behind it.
ping_pong_in_mesh(Nodes, RoundTrips) ->
    Attendants = attendants_of_all(Nodes),
    Pongers = [gen_server:call(Attendant, {spawn_pongers, Before})
               || {Before, Attendant} <- lists:zip(lists:seq(0, Nodes - 1), Attendants)],
    Rounds = share_of(RoundTrips, Nodes * (Nodes - 1) div 2),
    Pingers = spawn_pingers(Attendants, Pongers, Rounds),
    measure_mesh(Pingers, Rounds).

spawn_pingers([_], [_], _) -> [];
spawn_pingers([Attendant | Behind], [_ | Pongers], Rounds) ->
    Firsts = [hd(OfNode) || OfNode <- Pongers],
    gen_server:call(Attendant, {spawn_pingers, Firsts, Rounds, self()}) ++
        spawn_pingers(Behind, [tl(OfNode) || OfNode <- Pongers], Rounds).

idle_between_nodes(Seconds) ->
    gen_server:call(start_other_node(), {echo, <<>>}),
    sleep_and_count(Seconds).

%% ---- idle

cpu_seconds() -> element(1, erlang:statistics(runtime)) / 1000.

idle(Seconds, Processes) ->
    spawn_waiting(Processes, []),
    [erlang:send_after(3600000, self(), wake) || _ <- lists:seq(1, Processes)],
    sleep_and_count(Seconds).

sleep_and_count(Seconds) ->
    timer:sleep(1000),
    {Before, Start} = {cpu_seconds(), now_ns()},
    timer:sleep(Seconds * 1000),
    {0, seconds_since(Start), [{cpu_seconds, cpu_seconds() - Before}]}.
