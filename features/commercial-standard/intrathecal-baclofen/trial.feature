Feature: Commercial Standard: a pump needs a favorable response to at most 100 mcg

  This payer takes a favorable response at the clinician's word, as Medicare does, but it looks at how
  the trial was done: a response only to more than 100 mcg, or doses less than a day apart, go to a
  person.

  Rule: The response must be favorable

    Background: A request for a new pump; only the trial is still unknown
      Given the example pump-request of Commercial Standard for J0945

    Scenario Outline: A favorable response within the protocol is enough: <case>
      Given it is known that the decisive screening dose is <dose>
      When the request is decided
      Then it is approved
      And trial.responded is concluded to be yes
      And rule trial-dose-above-protocol does not hold

      Examples:
        | case            | dose    |
        | the first dose  | 50 mcg  |
        | the second dose | 75 mcg  |
        | the third dose  | 100 mcg |

    Scenario Outline: A favorable response only above the protocol pends for review: <case>
      Given it is known that the decisive screening dose is <dose>
      When the request is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                      |
        | trial-dose-above-protocol |
      And it says "the protocol ends at 100 mcg"
      And it advises by rule trial-protocol-noted

      Examples:
        | case              | dose      |
        | just above it     | 100.1 mcg |
        | a microgram above | 101 mcg   |
        | a further step    | 125 mcg   |

    Scenario Outline: No favorable response up to <case> means no pump on this evidence
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is <dose>
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | trial-not-shown | CO    | 50   | N674 |

      Examples:
        | case                 | dose   |
        | the first dose       | 50 mcg |
        | a dose below 100 mcg | 99 mcg |

    Scenario: A patient who does not respond to 100 mcg is not a candidate
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 100 mcg
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule               | group | carc | rarc |
        | trial-nonresponder | CO    | 50   | N674 |
        | trial-not-shown    | CO    | 50   | N674 |

    Scenario: A patient who does not respond to more than 100 mcg gets no pump either, and a person sees the dose
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 101 mcg
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                      | group | carc | rarc |
        | trial-dose-above-protocol |       |      |      |
        | trial-nonresponder        | CO    | 50   | N674 |
        | trial-not-shown           | CO    | 50   | N674 |

    Scenario: The decisive dose of a favorable trial must be known
      Given nothing is known about the decisive screening dose
      When the request is decided
      Then it is pended
      And no rule denies it
      And rule trial-dose-above-protocol is not known
      And it first asks for the decisive screening dose

    Scenario: The response must be known
      Given nothing is known about the response to the screening trial
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for the response to the screening trial

    Scenario Outline: No scale is measured: <case>
      Given it is known that the response to the screening trial is <response>
      And it is known that the Ashworth grade before the trial is 4
      And it is known that the Ashworth grade after the trial is <after>
      And it is known that how long the response lasted is <hours>
      When the request is decided
      Then it is <decision>

      Examples:
        | case                                          | response      | after | hours   | decision               |
        | grades that stay do not spoil a good response | favorable     | 4     | 0 hours | approved               |
        | grades that fall do not mend a bad one        | not favorable | 1     | 8 hours | recommended for denial |

  Rule: Screening doses less than a day apart

    Background: A request for a new pump after a favorable trial
      Given the example pump-request of Commercial Standard for J0945

    Scenario Outline: Far enough apart: <case>
      Given it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is <hours>
      When the request is decided
      Then it is approved
      And rule trial-doses-too-close does not hold

      Examples:
        | case             | hours    |
        | exactly a day    | 24 hours |
        | the same in days | 1 day    |
        | an hour more     | 25 hours |

    Scenario Outline: Too close, and pended for review: <case>
      Given it is known that the number of screening doses given is <doses>
      And it is known that the time between the last two screening doses is <hours>
      When the request is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                  |
        | trial-doses-too-close |
      And it says "the protocol wants 24 hours"
      And it advises by rule trial-protocol-noted

      Examples:
        | case              | doses | hours      |
        | an hour too early | 2     | 23 hours   |
        | minutes too early | 2     | 23.9 hours |
        | the same day      | 2     | 6 hours    |
        | the third dose    | 3     | 23 hours   |

    Scenario: A single dose follows none
      Given it is known that the decisive screening dose is 50 mcg
      And it is known that the number of screening doses given is 1
      And it is known that the time between the last two screening doses is 0 hours
      When the request is decided
      Then it is approved
      And rule trial-doses-too-close does not hold

    Scenario: That doses were far enough apart need not be proved
      When the request is decided
      Then it is approved
      And it is assumed that rule trial-doses-too-close does not hold
      And it asks nothing

    Scenario: Nor where only the number of doses is known
      Given it is known that the number of screening doses given is 2
      When the request is decided
      Then it is approved
      And it is assumed that rule trial-doses-too-close does not hold

  Rule: The screening dose itself is held to the protocol, and to no trial before it

    Background: A screening dose, which needs no authorization here
      Given the example screening-dose of Commercial Standard for J0945

    Scenario: A screening dose asks for no trial
      When the claim is decided
      Then it is approved
      And it asks nothing
      And rule trial-not-shown does not hold

    Scenario: It is paid whatever the response to it
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 100 mcg
      When the claim is decided
      Then it is approved
      And rule trial-nonresponder does not hold

    Scenario Outline: A dose of <dose> is <decision>
      Given it is known that the dose administered is <dose>
      When the claim is decided
      Then it is <decision>
      And rule screening-dose-above-protocol <truth>

      Examples:
        | dose    | decision | truth         |
        | 100 mcg | approved | does not hold |
        | 101 mcg | pended   | holds         |

    Scenario Outline: A second dose <case> is <decision>
      Given it is known that the decisive screening dose is 75 mcg
      And it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is <hours>
      When the claim is decided
      Then it is <decision>
      And rule trial-doses-too-close <truth>

      Examples:
        | case           | hours    | decision | truth         |
        | 24 hours later | 24 hours | approved | does not hold |
        | 23 hours later | 23 hours | pended   | holds         |

    Scenario: The decisive dose of the trial is not looked at on the trial's own claim
      Given it is known that the decisive screening dose is 101 mcg
      When the claim is decided
      Then it is approved
      And rule trial-dose-above-protocol does not hold
      And it advises by rule trial-protocol-noted

    Scenario: Two units are more than a screening dose needs
      Given the drug lines have units 2
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                       |
        | trial-units-above-expected |

  Rule: The trial comes before the implant, where no authorization has settled it

    Background: An emergency implant that was reported to the payer the same day
      Given the example emergency-first-fill of Commercial Standard for J0945

    Scenario: A trial on the day before is in order
      When the claim is decided
      Then it is approved

    Scenario: A trial on the same day pends for review
      Given it is known that the date of the screening trial is 2025-03-03
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                 |
        | trial-on-implant-day |

    Scenario: A trial on the day after does not count
      Given it is known that the date of the screening trial is 2025-03-04
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                | group | carc | rarc |
        | trial-after-implant | CO    | 50   | N674 |

    Scenario: A trial of unknown date is asked for
      Given nothing is known about the date of the screening trial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the date of the screening trial

  Rule: The trial does not matter to the care of a pump that is in place

    Scenario Outline: A trial that failed in every way does not count against <case>
      Given the example authorized-refill-with-procedure of Commercial Standard for J0945
      But the claim has no birth date
      And line 2 has code <procedure>
      And it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 125 mcg
      And it is known that the number of screening doses given is 4
      And it is known that the time between the last two screening doses is 6 hours
      When the claim is decided
      Then it is approved
      And rule trial-not-shown does not hold
      And rule trial-nonresponder does not hold
      And rule trial-dose-above-protocol does not hold
      And rule trial-doses-too-close does not hold

      Examples:
        | case                 | procedure |
        | a refill             | 62369     |
        | a change of the dose | 62368     |

    Scenario: A request for a like-for-like replacement asks for no trial
      Given a preauthorization request to Commercial Standard for J0945 on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                          | value          |
        | the phase of therapy                          | replacement    |
        | the reason for the replacement                | end of battery |
        | the response to the screening trial           | not favorable  |
        | the decisive screening dose                   | 125 mcg        |
        | the number of screening doses given           | 4              |
        | the time between the last two screening doses | 6 hours        |
      When the request is decided
      Then it is approved
      And rule trial-not-shown does not hold
      And rule trial-dose-above-protocol does not hold
      And rule trial-doses-too-close does not hold
