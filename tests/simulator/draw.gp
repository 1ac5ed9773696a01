# SPDX-License-Identifier: LGPL-2.1-or-later
# Draws the plots of the README from what "simulate --data" wrote. Called by ./run with data, plots and loads (how many a set has) set;
# set terminal_is to "pngcairo" for PNG.
if (!exists("terminal_is")) terminal_is = "svg"
ending = terminal_is eq "svg" ? "svg" : "png"
font = "Helvetica,13"

ink = "#333333"; faint = "#d9d9d9"
c_need = "#cfe3f2"; c_balloon = "#1f5fa8"; c_swap = "#d1342f"; c_free = "#7fae6b"
set style line 1 lc rgb c_balloon lw 2
set style line 2 lc rgb c_swap lw 1.5
set border 3 lc rgb ink lw 0.8
set tics nomirror textcolor rgb ink scale 0.5
set grid ytics lc rgb faint lw 0.6 lt 1
set tmargin 1.6
set lmargin 8
set style fill solid 1.0 noborder

terminal(width, height) = terminal_is eq "svg" ? \
  sprintf("set terminal svg size %d,%d font '%s' background rgb 'white' dynamic", width, height, font) : \
  sprintf("set terminal pngcairo size %d,%d font '%s' background rgb 'white'", width, height, font)

# One guest over time: column 3 + 7·i is what it has, then what it needs, what of it is swapped out.
file(load, name) = sprintf("%s/%s.%s.dat", data, load, name)
column_of(i, k) = 3 + 7 * i + k

# Two coordinators side by side, the guests given below each other.
set key off
array load_of[3] = ["spikes", "markov", "boot-storm"]
array peer_of[3] = ["proxmox-ve", "hyper-v-like", "mom"]
array peer_name[3] = ["Proxmox VE", "Hyper-V-like", "MOM"]
array guests_of[3] = ["0 3 6", "0 3 5", "0 7 15"]
array top_of[3] = [2100, 2100, 1050]
array host_low[3] = [0, 0, -6500]
array host_high[3] = [3300, 5000, 10000]
array host_step[3] = [1000, 1000, 5000]
array title_of[3] = ["Eight guests of 2 GiB take turns in needing 1.6 GB for a minute", \
                     "Eight guests of 2 GiB whose need jumps every 45 s or so", \
                     "Sixteen guests of 1 GiB start within 80 s, and fill their caches"]
do for [l = 1:3] {
  eval terminal(1000, 780)
  set output sprintf("%s/%s.%s", plots, load_of[l], ending)
  set multiplot title title_of[l] font "Helvetica,16" textcolor rgb ink
  n = words(guests_of[l])
  rows = n + 1
  do for [side = 0:1] {
    who = side == 0 ? "memcoord" : peer_of[l]
    do for [r = 0:rows - 1] {
      set origin 0.02 + 0.49 * side, 0.06 + (rows - 1 - r) * 0.865 / rows
      set size 0.49, 0.865 / rows
      set xrange [0:900]
      if (r < rows - 1) { set xtics 0, 180; set format x "" } \
      else { set xtics ("0" 0, "3" 180, "6" 360, "9" 540, "12" 720, "15 min" 900) }
      if (r < n) {
        i = int(word(guests_of[l], r + 1))
        set yrange [0:top_of[l]]
        set ytics 0, top_of[l] > 1500 ? 500 : 250
        set title sprintf("%s: guest %d, MB", side == 0 ? "MemCoord" : peer_name[l], i + 1) offset 0, -0.6 textcolor rgb ink
        plot file(load_of[l], who) every 3 using 1:column_of(i, 1) with filledcurves y1=0 lc rgb c_need, \
             "" every 3 using 1:column_of(i, 2) with filledcurves y1=0 lc rgb c_swap, \
             "" every 3 using 1:column_of(i, 0) with lines ls 1
      } else {
        set yrange [host_low[l]:host_high[l]]
        set ytics host_step[l]
        set title sprintf("%s: what the host has left, MB", side == 0 ? "MemCoord" : peer_name[l]) offset 0, -0.6 textcolor rgb ink
        plot file(load_of[l], who) every 3 using 1:2 with filledcurves y1=0 lc rgb c_free, \
             200 with lines lc rgb ink lw 1 dt 3
      }
    }
  }
  set origin 0, 0
  set size 1, 0.06
  set border 0
  unset xtics; unset ytics; unset title; unset grid
  set xrange [0:1]; set yrange [0:1]
  set key center center horizontal maxrows 1 samplen 1.5 width 1 textcolor rgb ink font "Helvetica,12"
  plot NaN with boxes lc rgb c_need title "needs", NaN with lines ls 1 title "has", \
       NaN with boxes lc rgb c_swap title "swapped out", NaN with boxes lc rgb c_free title "host has left", \
       NaN with lines lc rgb ink dt 3 title "reserve"
  unset multiplot
  set key off
  set border 3 lc rgb ink lw 0.8
  set xtics nomirror; set ytics nomirror
  set grid ytics lc rgb faint lw 0.6 lt 1
}

# All coordinators on the hold-out set; the longer the bar, the worse.
bars = sprintf("%s/hold-out.bars.dat", data)
reset
set encoding utf8
set style fill solid 1.0 noborder
eval terminal(1000, 600)
set output sprintf("%s/hold-out.%s", plots, ending)
stats bars using 2 nooutput
n = STATS_records
set multiplot
set label 1 loads . " hold-out loads of 15 minutes: the shorter, the better" at screen 0.5, screen 0.965 center \
  font "Helvetica,16" textcolor rgb ink
set yrange [n - 0.3:-0.7]
set border 0
set key off
set logscale x
unset xtics
is_ours(name) = name[1:8] eq "MemCoord"
is_oracle(name) = name[1:6] eq "oracle"
shade(name) = is_ours(name) ? 0x1f5fa8 : is_oracle(name) ? 0xbfbfbf : 0xe0a458
short(value) = value >= 10000 ? sprintf("%.0fk", value / 1000) : value >= 100 ? sprintf("%.0f", value) : sprintf("%.3g", value)
set ytics scale 0 textcolor rgb ink
set tmargin at screen 0.88; set bmargin at screen 0.02
array what[3] = ["swap-in, GB", "stalled VM-seconds", "reversals in a VM-hour"]
array column_is[3] = [2, 3, 5]
array from[3] = [4, 250, 6]
array to[3] = [60000, 2000000, 9000]
bar(x, k) = column(column_is[k]) > x ? column(column_is[k]) : x
do for [k = 1:3] {
  set lmargin at screen 0.2 + (k - 1) * 0.265; set rmargin at screen 0.2 + (k - 1) * 0.265 + 0.25
  set xrange [from[k]:to[k]]
  set title what[k] offset 0, -0.5 textcolor rgb ink font "Helvetica,13"
  if (k > 1) { unset label 1; unset ytics }
  names = k == 1 ? ":ytic(1)" : ""
  eval "plot bars using (from[k]):0:(from[k]):(bar(from[k], k)):($0 - 0.36):($0 + 0.36):(shade(strcol(1)))" . names . \
       " with boxxyerror lc rgb variable, " . \
       "'' using (1.15 * bar(from[k], k)):0:(short(column(column_is[k]))) with labels left font 'Helvetica,11' textcolor rgb ink"
}
unset multiplot

# The trade between moving to and fro and stalling.
reset
set encoding utf8
eval terminal(800, 540)
set output sprintf("%s/trade.%s", plots, ending)
set border 3 lc rgb ink lw 0.8
set key off
set logscale xy
set tics nomirror scale 0.5 textcolor rgb ink
set grid xtics ytics lc rgb faint lw 0.6 lt 1
set xrange [10:1500]
set yrange [3000:600000]
set title "Moving to and fro against stalling: " . loads . " tuning loads" font "Helvetica,16" textcolor rgb ink
set xlabel "reversals in a VM-hour" textcolor rgb ink
set ylabel "stalled VM-seconds" textcolor rgb ink
set label 1 "MemCoord: the longer a guest keeps\nwhat it was given, the fewer reversals" at 50, 7800 textcolor rgb c_balloon font "Helvetica,12"
peers = sprintf("%s/peers.dat", data)
published(name) = !is_ours(name) && strstrt(name, ", 2 s") == 0
plot sprintf("%s/trade.dat", data) using 3:2 with linespoints lc rgb c_balloon lw 2 pt 7 ps 0.6, \
     peers using 3:(is_ours(strcol(1)) ? NaN : $2):(shade(strcol(1))) with points pt 7 ps 0.9 lc rgb variable, \
     peers using 3:(published(strcol(1)) && strcol(1) ne "oracle" ? $2 : NaN):1 with labels left offset 0.8, 0 \
       textcolor rgb ink font "Helvetica,11"
