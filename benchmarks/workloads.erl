%% The workloads of workloads.h in Erlang, under the same names and with the same output.
%%
%%   erl -noshell -run workloads main ping_pong_1 1
-module(workloads).
-export([main/1]).

main([Name, Runs]) ->
    [report(run(list_to_atom(Name))) || _ <- lists:seq(1, list_to_integer(Runs))],
    halt(0).

report({Operations, Seconds, Figures}) ->
    io:format("~w ~w~s~n", [Operations, Seconds,
                            [io_lib:format(" ~s=~w", [Name, Value]) || {Name, Value} <- Figures]]).

run(ping_pong_1) -> ping_pong(1, 4000000);
run(ping_pong_2) -> ping_pong(2, 8000000);
run(ping_pong_64) -> ping_pong(64, 8000000);
run(fan_in_1) -> fan_in(1, 5000000);
run(fan_in_2) -> fan_in(2, 5000000);
run(fan_in_8) -> fan_in(8, 5000000);
run(ring) -> ring(10000, 2000000);
run(spawn) -> spawn_and_wake(1000000);
run(skynet) -> skynet(1000000);
run(timers) -> timers(1000000);
run(idle) -> idle(1000000, 10).

%% Every workload runs in a process of its own, so that a garbage mailbox of the last doesn't count.
in_process(Body) ->
    Self = self(),
    spawn(fun() -> Self ! {result, Body()} end),
    receive {result, Result} -> Result end.

timed(Body) ->
    Start = erlang:monotonic_time(nanosecond),
    Result = Body(),
    {Result, (erlang:monotonic_time(nanosecond) - Start) / 1.0e9}.

await_done(0) -> ok;
await_done(N) -> receive done -> await_done(N - 1) end.

%% ---- ping-pong

ponger() ->
    receive
        {ping, From} -> From ! pong, ponger();
        stop -> ok
    end.

pinger(Owner, Rounds) ->
    Ponger = spawn(fun ponger/0),
    rounds(Ponger, Rounds),
    Ponger ! stop,
    Owner ! done.

rounds(_, 0) -> ok;
rounds(Ponger, N) ->
    Ponger ! {ping, self()},
    receive pong -> ok end,
    rounds(Ponger, N - 1).

ping_pong(Pairs, Messages) ->
    Rounds = Messages div Pairs div 2,
    in_process(fun() ->
        Self = self(),
        {_, Seconds} = timed(fun() ->
            [spawn(fun() -> pinger(Self, Rounds) end) || _ <- lists:seq(1, Pairs)],
            await_done(Pairs)
        end),
        {Rounds * 2 * Pairs, Seconds, []}
    end).

%% ---- fan-in

flood(_, 0) -> ok;
flood(Receiver, N) -> Receiver ! {number, N}, flood(Receiver, N - 1).

count(0) -> ok;
count(N) -> receive {number, _} -> count(N - 1) end.

fan_in(Senders, Messages) ->
    Each = Messages div Senders,
    in_process(fun() ->
        Self = self(),
        {_, Seconds} = timed(fun() ->
            [spawn(fun() -> flood(Self, Each) end) || _ <- lists:seq(1, Senders)],
            count(Each * Senders)
        end),
        {Each * Senders, Seconds, []}
    end).

%% ---- ring

ring_member(Owner, Next) ->
    receive
        {token, 0} -> Owner ! done, ring_member(Owner, Next);
        {token, N} -> Next ! {token, N - 1}, ring_member(Owner, Next);
        stop -> ok
    end.

ring(Processes, Hops) ->
    in_process(fun() ->
        Self = self(),
        Head = spawn(fun() -> receive {next, Next} -> ring_member(Self, Next) end end),
        Members = lists:foldl(fun(_, [Last | _] = All) -> [spawn(fun() -> ring_member(Self, Last) end) | All] end,
                              [Head], lists:seq(2, Processes)),
        Head ! {next, hd(Members)},
        {_, Seconds} = timed(fun() -> Head ! {token, Hops}, await_done(1) end),
        [Member ! stop || Member <- Members],
        {Hops, Seconds, []}
    end).

%% ---- spawn

wait_once(Owner) ->
    Owner ! done,
    receive go -> Owner ! done end.

spawn_and_wake(Processes) ->
    in_process(fun() ->
        Self = self(),
        Before = erlang:memory(processes),
        {{ToIdle, Bytes}, Seconds} = timed(fun() ->
            {Pids, Idle} = timed(fun() ->
                All = [spawn(fun() -> wait_once(Self) end) || _ <- lists:seq(1, Processes)],
                await_done(Processes),
                All
            end),
            Memory = erlang:memory(processes) - Before,
            [Pid ! go || Pid <- Pids],
            await_done(Processes),
            {Idle, Memory}
        end),
        {Processes, Seconds, [{spawned_to_idle_per_s, Processes / ToIdle}, {bytes_per_process, Bytes / Processes}]}
    end).

%% ---- skynet

skynet_node(Parent, First, 1) -> Parent ! {sum, First};
skynet_node(Parent, First, Leaves) ->
    Self = self(),
    Share = Leaves div 10,
    [spawn(fun() -> skynet_node(Self, First + I * Share, Share) end) || I <- lists:seq(0, 9)],
    Parent ! {sum, sum(10, 0)}.

sum(0, Sum) -> Sum;
sum(N, Sum) -> receive {sum, Value} -> sum(N - 1, Sum + Value) end.

skynet(Leaves) ->
    in_process(fun() ->
        Self = self(),
        {Sum, Seconds} = timed(fun() -> spawn(fun() -> skynet_node(Self, 0, Leaves) end), sum(1, 0) end),
        Sum = Leaves * (Leaves - 1) div 2,
        {tree_size(Leaves, 0), Seconds, []}
    end).

tree_size(0, Sum) -> Sum;
tree_size(Level, Sum) -> tree_size(Level div 10, Sum + Level).

%% ---- timers

timers(Timers) ->
    in_process(fun() ->
        {_, Seconds} = timed(fun() ->
            Started = [erlang:send_after(10000 + I rem 50 * 1000, self(), go) || I <- lists:seq(1, Timers)],
            [true = is_integer(erlang:cancel_timer(Timer)) || Timer <- Started]
        end),
        {Timers, Seconds, []}
    end).

%% ---- idle

cpu_seconds() ->
    {ok, Stat} = file:read_file("/proc/self/stat"),
    [_, AfterName] = binary:split(Stat, <<") ">>),
    Fields = binary:split(AfterName, <<" ">>, [global]),
    (binary_to_integer(lists:nth(12, Fields)) + binary_to_integer(lists:nth(13, Fields))) / 100.

idle(Processes, Seconds) ->
    in_process(fun() ->
        Self = self(),
        [spawn(fun() -> wait_once(Self) end) || _ <- lists:seq(1, Processes)],
        await_done(Processes),
        [erlang:send_after(3600000, self(), go) || _ <- lists:seq(1, Processes)],
        timer:sleep(1000),
        Before = cpu_seconds(),
        timer:sleep(Seconds * 1000),
        {Processes, Seconds, [{cpu_seconds, cpu_seconds() - Before}]}
    end).
