Feature: Commercial Strict: a pump needs a measured response to at most 100 mcg

  This payer measures the response. The Ashworth grade or the spasm score must fall by two points, and
  stay down for four hours. Grades count by their place in the list 0, 1, 1+, 2, 3, 4: "1+" is a step of
  its own, so 3 to 1+ is two points, and so is 2 to 1. (That reading is this project's.)

  Rule: The Ashworth grade or the spasm score falls by two points for four hours

    Background: A request for a new pump; only the response is still to be measured
      Given the example pump-request of Commercial Strict for J0945

    Scenario Outline: The Ashworth grade fell far enough: from <before> to <after>
      Given it is known that the Ashworth grade before the trial is <before>
      And it is known that the Ashworth grade after the trial is <after>
      When the request is decided
      Then it is approved
      And the drop of the Ashworth grade is concluded to be <points>
      And trial.responded is concluded to be yes
      And rule trial-measured holds

      Examples:
        | before | after | points |
        | 4      | 2     | 2      |
        | 4      | 1+    | 3      |
        | 4      | 0     | 5      |
        | 3      | 1+    | 2      |
        | 3      | 1     | 3      |
        | 2      | 1     | 2      |
        | 2      | 0     | 3      |
        | 1+     | 0     | 2      |

    Scenario Outline: The Ashworth grade did not fall far enough: from <before> to <after>
      Given it is known that the Ashworth grade before the trial is <before>
      And it is known that the Ashworth grade after the trial is <after>
      And it is known that the spasm score before the trial is 2
      And it is known that the spasm score after the trial is 2
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | trial-not-shown | CO    | 50   | N674 |
      And the drop of the Ashworth grade is concluded to be <points>
      And trial.responded is concluded to be no

      Examples:
        | before | after | points |
        | 4      | 3     | 1      |
        | 3      | 2     | 1      |
        | 2      | 1+    | 1      |
        | 1+     | 1     | 1      |
        | 1      | 0     | 1      |
        | 3      | 3     | 0      |
        | 1+     | 1+    | 0      |
        | 2      | 3     | -1     |
        | 0      | 4     | -5     |

    Scenario Outline: The spasm score will do instead: from <before> to <after>
      Given it is known that the Ashworth grade after the trial is 2
      And it is known that the spasm score before the trial is <before>
      And it is known that the spasm score after the trial is <after>
      When the request is decided
      Then it is <decision>
      And the drop of the spasm score is concluded to be <points>
      And rule trial-measured <truth>

      Examples:
        | before | after | points | decision               | truth         |
        | 4      | 2     | 2      | approved               | holds         |
        | 3      | 1     | 2      | approved               | holds         |
        | 2      | 0     | 2      | approved               | holds         |
        | 4      | 0     | 4      | approved               | holds         |
        | 4      | 3     | 1      | recommended for denial | does not hold |
        | 1      | 0     | 1      | recommended for denial | does not hold |
        | 2      | 2     | 0      | recommended for denial | does not hold |
        | 1      | 3     | -2     | recommended for denial | does not hold |

    Scenario Outline: The response lasts four hours: <case>
      Given it is known that how long the response lasted is <hours>
      When the request is decided
      Then it is <decision>
      And rule trial-not-shown <truth>

      Examples:
        | case                | hours     | decision               | truth         |
        | exactly four hours  | 4 hours   | approved               | does not hold |
        | a little longer     | 4.1 hours | approved               | does not hold |
        | a day               | 1 day     | approved               | does not hold |
        | a few minutes short | 3.9 hours | recommended for denial | holds         |
        | three hours         | 3 hours   | recommended for denial | holds         |
        | no time at all      | 0 hours   | recommended for denial | holds         |

    Scenario: A favorable response that was not measured is asked for its measure, and not denied
      Given nothing is known about the Ashworth grade before the trial
      And nothing is known about the Ashworth grade after the trial
      And nothing is known about how long the response lasted
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule trial-favorable does not hold
      And rule trial-measured is not known
      And it asks for the Ashworth grade before the trial
      And it asks for the Ashworth grade after the trial
      And it asks for how long the response lasted
      And the information request is CO 252 with N706

    Scenario Outline: A measure that is half known is asked for the rest: <case>
      Given these facts
        | fact                                | value           |
        | the Ashworth grade before the trial | <before>        |
        | the Ashworth grade after the trial  | <after>         |
        | the spasm score before the trial    | <spasms before> |
        | the spasm score after the trial     | <spasms after>  |
        | how long the response lasted        | <hours>         |
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule trial-measured is not known
      And it asks for <missing>

      Examples:
        | case                                        | before | after | spasms before | spasms after | hours   | missing                             |
        | how long it lasted                          | 3      | 1     |               |              |         | how long the response lasted        |
        | the grade after                             | 3      |       | 2             | 2            | 4 hours | the Ashworth grade after the trial  |
        | the spasms, where the grade fell too little | 3      | 2     |               |              | 4 hours | the spasm score before the trial    |
        | the grade, where the spasms fell too little |        |       | 2             | 1            | 4 hours | the Ashworth grade before the trial |

    Scenario: One scale that fell far enough needs no other
      Given these facts
        | fact                                | value   |
        | the spasm score before the trial    | 3       |
        | the spasm score after the trial     | 1       |
        | how long the response lasted        | 6 hours |
        | the Ashworth grade before the trial |         |
        | the Ashworth grade after the trial  |         |
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario: Too short a response settles it before any scale is known
      Given it is known that how long the response lasted is 3 hours
      And nothing is known about the Ashworth grade before the trial
      And nothing is known about the Ashworth grade after the trial
      When the request is decided
      Then it is recommended for denial
      And the reason is CO 50 with N674 from rule trial-not-shown

    Scenario: Two scales that both fell too little settle it before the time is known
      Given it is known that the Ashworth grade after the trial is 2
      And it is known that the spasm score before the trial is 3
      And it is known that the spasm score after the trial is 2
      And nothing is known about how long the response lasted
      When the request is decided
      Then it is recommended for denial
      And the reason is CO 50 with N674 from rule trial-not-shown

    Scenario: A favorable word does not replace a measurement
      Given it is known that the Ashworth grade after the trial is 2
      And it is known that the spasm score before the trial is 3
      And it is known that the spasm score after the trial is 2
      And it is known that how long the response lasted is 8 hours
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | trial-not-shown | CO    | 50   | N674 |

  Rule: The dose of the trial stays within the protocol

    Background: A request for a new pump after a measured response
      Given the example pump-request of Commercial Strict for J0945

    Scenario Outline: A response to <dose> is <decision>
      Given it is known that the decisive screening dose is <dose>
      When the request is decided
      Then it is <decision>
      And rule trial-dose-above-protocol <truth>

      Examples:
        | dose      | decision | truth         |
        | 50 mcg    | approved | does not hold |
        | 100 mcg   | approved | does not hold |
        | 100.1 mcg | pended   | holds         |
        | 125 mcg   | pended   | holds         |

    Scenario: A response to more than the protocol gives pends for review
      Given it is known that the decisive screening dose is 101 mcg
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                      |
        | trial-dose-above-protocol |

    Scenario: A dose that was not recorded is asked for
      Given nothing is known about the decisive screening dose
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the decisive screening dose

    Scenario Outline: Two doses <case> are <decision>
      Given it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is <hours>
      When the request is decided
      Then it is <decision>
      And rule trial-doses-too-close <truth>

      Examples:
        | case           | hours      | decision | truth         |
        | a day apart    | 24 hours   | approved | does not hold |
        | minutes closer | 23.9 hours | pended   | holds         |
        | an hour closer | 23 hours   | pended   | holds         |

    Scenario: That doses were far enough apart need not be proved
      When the request is decided
      Then it is approved
      And it is assumed that rule trial-doses-too-close does not hold

    Scenario: The third dose of 100 mcg a day after the second is in order
      Given it is known that the decisive screening dose is 100 mcg
      And it is known that the number of screening doses given is 3
      And it is known that the time between the last two screening doses is 24 hours
      When the request is decided
      Then it is approved
      And rule trial-protocol-noted does not hold

    Scenario: A second dose of 100 mcg skips a step, which is noted
      Given it is known that the decisive screening dose is 100 mcg
      And it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is 24 hours
      When the request is decided
      Then it is approved
      And it advises by rule trial-protocol-noted

    Scenario Outline: A patient who does not respond to the largest dose is not a candidate, whatever a scale says: <case>
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is <dose>
      When the request is decided
      Then it is <decision>
      And rule trial-nonresponder <truth>
      And rule trial-not-shown does not hold

      Examples:
        | case       | dose    | decision               | truth         |
        | at 99 mcg  | 99 mcg  | approved               | does not hold |
        | at 100 mcg | 100 mcg | recommended for denial | holds         |

    Scenario: At the largest dose, a measured response is asked for the clinician's word as well
      Given it is known that the decisive screening dose is 100 mcg
      And nothing is known about the response to the screening trial
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the response to the screening trial

    Scenario: At a lower dose, a measured response needs no further word
      Given nothing is known about the response to the screening trial
      When the request is decided
      Then it is approved

  Rule: The screening dose itself asks for no trial before it

    Scenario: A request in order is approved, and nothing about a trial is asked
      Given the example screening-request of Commercial Strict for J0945
      When the request is decided
      Then it is approved
      And it asks nothing
      And rule trial-not-shown does not hold

    Scenario Outline: A planned dose of <dose> is <decision>
      Given the example screening-request of Commercial Strict for J0945
      And it is known that the dose administered is <dose>
      When the request is decided
      Then it is <decision>
      And rule screening-dose-above-protocol <truth>

      Examples:
        | dose    | decision | truth         |
        | 100 mcg | approved | does not hold |
        | 101 mcg | pended   | holds         |

    Scenario: A second dose on the same day pends for review
      Given the example screening-request of Commercial Strict for J0945
      And it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is 8 hours
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | trial-doses-too-close |

  Rule: The trial comes before the implant, where no authorization has settled it

    Scenario Outline: A trial <case> is <decision>
      Given the example authorized-first-fill of Commercial Strict for J0945
      But the claim has no plan
      And the claim has no member id
      And the claim has no billing npi
      And the claim has no authorization number
      And these facts
        | fact                                                   | value                    |
        | whether it was an emergency                            | yes                      |
        | the day on which the payer was notified                | 2025-03-03               |
        | the documents received                                 | trial_note, oral_history |
        | where the spasticity comes from                        | spinal                   |
        | the outcome of oral antispasmodics                     | inadequate               |
        | the length of oral therapy                             | 42 days                  |
        | whether physical therapy was given beside oral therapy | yes                      |
        | the response to the screening trial                    | favorable                |
        | the decisive screening dose                            | 75 mcg                   |
        | the Ashworth grade before the trial                    | 3                        |
        | the Ashworth grade after the trial                     | 1                        |
        | how long the response lasted                           | 4 hours                  |
        | allergy or hypersensitivity to baclofen                | no                       |
        | an active infection                                    | no                       |
        | a body too small for the pump                          | no                       |
        | another programmable device that could interfere       | no                       |
        | a psychosis                                            | no                       |
        | a history of autonomic dysreflexia                     | no                       |
        | the date of the screening trial                        | <trial>                  |
      And no authorization is on file
      When the claim is decided
      Then it is <decision>
      And rule trial-on-implant-day <same day>
      And rule trial-after-implant <after>

      Examples:
        | case           | trial      | decision               | same day      | after         |
        | the day before | 2025-03-02 | approved               | does not hold | does not hold |
        | the same day   | 2025-03-03 | pended                 | holds         | does not hold |
        | the day after  | 2025-03-04 | recommended for denial | does not hold | holds         |

  Rule: The trial does not matter to the care of a pump that is in place

    Scenario Outline: A trial that failed in every way does not count against <case>
      Given a preauthorization request to Commercial Strict for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                          | value          |
        | the phase of therapy                          | <phase>        |
        | the reason for the replacement                | end of battery |
        | the response to the screening trial           | not favorable  |
        | the decisive screening dose                   | 125 mcg        |
        | the Ashworth grade before the trial           | 2              |
        | the Ashworth grade after the trial            | 3              |
        | how long the response lasted                  | 0 hours        |
        | the number of screening doses given           | 4              |
        | the time between the last two screening doses | 6 hours        |
      When the request is decided
      Then it is approved
      And rule trial-not-shown does not hold
      And rule trial-nonresponder does not hold
      And rule trial-dose-above-protocol does not hold
      And rule trial-doses-too-close does not hold
      And rule trial-protocol-noted does not hold

      Examples:
        | case                        | phase             |
        | a refill                    | refill            |
        | a change of the dose        | dose change       |
        | a revision of the catheter  | catheter revision |
        | a like-for-like replacement | replacement       |
