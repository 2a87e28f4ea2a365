// The sentences that the compiler prints when a stage does not fit its dependencies. A wrong call
// selects a deleted overload, so that the one error stands on the user's own line and ends in
// `Problem = weir::problem::a_sentence<…>`. Types only; nothing here has a value at run time.
#pragma once

#include <cstddef>

#include "traits.h"

namespace weir {

// What the sentences are about.
template <int Position, class StageTakes>
struct Parameter {};
template <class Dependency>
struct DependencyGives {};
template <std::size_t N>
struct StageTakesInputs {};
template <std::size_t N>
struct DependenciesGiven {};
template <std::size_t N>
struct NamesGiven {};
template <class T>
struct StageMakes {};
template <class T>
struct KeyPromises {};
template <class T>
struct ParamHolds {};
template <class T>
struct Type {};
template <impl::FixedString Field, class T>
struct FieldOf {};

#define WEIR_IMPL_SENTENCE(sentence) \
  template <class... About>          \
  struct sentence {}

namespace problem {

// of values
WEIR_IMPL_SENTENCE(a_pointer_cannot_be_stored_return_the_value_or_an_optional);
WEIR_IMPL_SENTENCE(return_the_value_itself_weir_shares_it_without_a_copy);
WEIR_IMPL_SENTENCE(no_codec_make_it_a_plain_struct_or_add_WEIR_FIELDS_or_specialise_weir_Codec);
WEIR_IMPL_SENTENCE(a_value_needs_a_default_constructor);
WEIR_IMPL_SENTENCE(give_the_enum_an_underlying_type_or_write_enum_class);
WEIR_IMPL_SENTENCE(a_base_class_cannot_be_reflected_add_WEIR_FIELDS_or_hold_it_as_a_member);
WEIR_IMPL_SENTENCE(more_than_64_fields_add_WEIR_FIELDS);
WEIR_IMPL_SENTENCE(a_C_array_cannot_be_reflected_use_std_array_or_add_WEIR_FIELDS);
WEIR_IMPL_SENTENCE(a_field_has_no_codec);
WEIR_IMPL_SENTENCE(a_file_or_tree_is_an_asset_of_its_own_it_cannot_be_inside_another_value);

// of parameters and dependencies
WEIR_IMPL_SENTENCE(inputs_are_shared_take_const_T_ref_or_T_by_value_for_a_copy);
WEIR_IMPL_SENTENCE(take_a_resource_by_reference);
WEIR_IMPL_SENTENCE(take_a_cursor_as_weir_Cursor_ref_not_const);
WEIR_IMPL_SENTENCE(this_input_may_be_absent_take_const_weir_Input_ref);
WEIR_IMPL_SENTENCE(parameter_has_another_type_than_its_dependency);
WEIR_IMPL_SENTENCE(a_dependency_is_missing);
WEIR_IMPL_SENTENCE(more_dependencies_than_parameters_for_order_only_write_weir_after);
WEIR_IMPL_SENTENCE(not_a_dependency_give_an_asset_param_resource_cursor_or_after);
WEIR_IMPL_SENTENCE(a_task_has_no_value_write_weir_after);
WEIR_IMPL_SENTENCE(a_trigger_rule_wraps_assets_and_weir_after_only);
WEIR_IMPL_SENTENCE(self_previous_needs_a_stage_with_one_asset);

// of stages, tasks and checks
WEIR_IMPL_SENTENCE(a_member_function_needs_its_object_wrap_the_call_in_a_lambda);
WEIR_IMPL_SENTENCE(a_stage_is_a_function_or_a_lambda_with_explicit_parameter_types);
WEIR_IMPL_SENTENCE(take_the_context_by_reference);
WEIR_IMPL_SENTENCE(a_stage_returns_its_value_not_a_reference);
WEIR_IMPL_SENTENCE(a_stage_that_returns_nothing_is_a_task_write_p_task);
WEIR_IMPL_SENTENCE(a_task_returns_nothing_for_a_value_write_p_asset);
WEIR_IMPL_SENTENCE(the_stage_does_not_make_what_the_key_promises);
WEIR_IMPL_SENTENCE(several_assets_need_a_stage_that_returns_a_std_tuple);
WEIR_IMPL_SENTENCE(give_as_many_names_as_the_tuple_has_members);
WEIR_IMPL_SENTENCE(a_check_returns_bool_or_weir_Verdict);
WEIR_IMPL_SENTENCE(a_check_takes_the_value_then_params_and_resources_only);
WEIR_IMPL_SENTENCE(a_resource_is_made_by_a_function_of_const_weir_Start_ref);

// of schedules
WEIR_IMPL_SENTENCE(a_schedule_gives_a_parameter_a_value_of_its_type);
WEIR_IMPL_SENTENCE(a_member_that_takes_the_time_is_a_sys_time_a_day_or_a_string);
WEIR_IMPL_SENTENCE(a_cron_expression_made_at_run_time_is_given_as_weir_cron_text);
WEIR_IMPL_SENTENCE(a_zone_made_at_run_time_is_given_as_weir_zone_name);
WEIR_IMPL_SENTENCE(a_day_made_at_run_time_is_given_as_weir_day_text);
WEIR_IMPL_SENTENCE(a_time_made_at_run_time_is_given_as_weir_time_text);

}  // namespace problem

#undef WEIR_IMPL_SENTENCE

namespace impl {
struct Ok {};  // nothing is wrong
}  // namespace impl

}  // namespace weir
