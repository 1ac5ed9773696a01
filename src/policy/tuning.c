/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy's own numbers, as they were chosen. */
#include "config.h"

#include "tuning.h"

const McTuning mc_tuning_default = {
  .hold_s = 150,
  .half_life_s = 20,
  .surge_times = 3,
  .headroom_percent = 20,
  .floor_percent = 30,
  .swap_percent = 50,
  .ahead_percent = 100,
  .margin_mib = 64,
  .margin_per_mille = 2,
  .pool_percent = 30,
  .pool_slack_percent = 25,
  .keep_in_comfort_s = 60,
  .keep_when_tight_s = 90,
  .keep_for_pool_s = 5,
  .keep_from_need_s = 3,
  .keep_after_start_s = 300,
  .comfort_pace_s = 15,
  .trifle_percent = 1,
  .need_trifle_percent = 2,
  .tight_trifle_percent = 4,
  .comfort_trifle_percent = 8,
  .squeeze_percent = 6,
  .comfort_step_percent = 5,
  .sleep_turn_s = 30,
  .sleep_least_s = 16,
};
