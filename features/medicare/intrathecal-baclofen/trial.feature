Feature: Medicare: a pump needs a screening trial with a favorable response

  Before a pump is implanted, the patient must have responded favorably to a trial dose of the drug
  into the spinal fluid (NCD 280.14). The text defines neither "favorably" nor a largest dose; what
  the label says about the doses is noted on the determination and decides nothing.

  Background:
    Given the example first-fill of Medicare for J0945

  Rule: The response must be favorable

    Scenario Outline: A favorable response, <case>, is enough
      Given it is known that the decisive screening dose is <dose>
      When the claim is decided
      Then it is approved
      And trial.responded is concluded to be yes
      And rule trial-not-shown does not hold
      And rule trial-nonresponder does not hold

      Examples:
        | case                                | dose    |
        | to the first dose                   | 50 mcg  |
        | to the second dose                  | 75 mcg  |
        | to the third dose                   | 100 mcg |
        | to more than the protocol's largest | 125 mcg |

    Scenario: A favorable response to a dose that was not recorded is enough
      When the claim is decided
      Then it is approved

    Scenario Outline: No favorable response up to <case> means no pump on this evidence
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is <dose>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc | line |
        | trial-not-shown | CO    | 50   | N674 | 1    |
      And trial.responded is concluded to be no

      Examples:
        | case          | dose     |
        | 50 mcg        | 50 mcg   |
        | 75 mcg        | 75 mcg   |
        | just under it | 99.9 mcg |

    Scenario Outline: A patient who does not respond to the largest dose is not a candidate: <case>
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is <dose>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule               | group | carc | rarc | line |
        | trial-not-shown    | CO    | 50   | N674 | 1    |
        | trial-nonresponder | CO    | 50   | N674 | 1    |

      Examples:
        | case                     | dose    |
        | at 100 mcg               | 100 mcg |
        | at 0.1 mg, which is that | 0.1 mg  |
        | above 100 mcg            | 101 mcg |

    Scenario: No favorable response, and the dose is not known
      Given it is known that the response to the screening trial is not favorable
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | trial-not-shown | CO    | 50   | N674 |
      And rule trial-nonresponder is not known

    Scenario: Nothing is known about the response
      Given nothing is known about the response to the screening trial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And rule trial-not-shown is not known
      And it first asks for the response to the screening trial
      And the information request is CO 252 with N706

    Scenario: The largest dose alone says nothing about the response
      Given it is known that the decisive screening dose is 100 mcg
      And nothing is known about the response to the screening trial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the response to the screening trial

    Scenario: Medicare measures no scale: a favorable response remains where the grades do not fall
      Given it is known that the Ashworth grade before the trial is 3
      And it is known that the Ashworth grade after the trial is 3
      And it is known that how long the response lasted is 1 hour
      When the claim is decided
      Then it is approved

    Scenario: Medicare measures no scale: grades that fall do not make a response favorable
      Given it is known that the response to the screening trial is not favorable
      And it is known that the Ashworth grade before the trial is 4
      And it is known that the Ashworth grade after the trial is 1
      And it is known that how long the response lasted is 8 hours
      When the claim is decided
      Then it is recommended for denial
      And the reason is CO 50 with N674 from rule trial-not-shown
      And rule trial-measured does not hold

  Rule: The trial comes before the implant

    Scenario Outline: The trial came first: <case>
      Given it is known that the date of the screening trial is <trial>
      When the claim is decided
      Then it is approved
      And rule trial-after-implant does not hold
      And rule trial-on-implant-day does not hold

      Examples:
        | case           | trial      |
        | the day before | 2025-03-02 |
        | a month before | 2025-02-01 |
        | a year before  | 2024-03-03 |

    Scenario: Screening trial on the day of the implant
      Given it is known that the date of the screening trial is 2025-03-03
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                 | line |
        | trial-on-implant-day | 1    |
      And it says "Was the response observed before the pump was implanted?"
      And rule trial-after-implant does not hold

    Scenario Outline: A trial after the implant is no screening trial: <case>
      Given it is known that the date of the screening trial is <trial>
      When the claim is decided
      Then it is recommended for denial
      And the reasons are
        | rule                | group | carc | rarc | line |
        | trial-after-implant | CO    | 50   | N674 | 1    |
      And it says "came after the implant on 2025-03-03"

      Examples:
        | case          | trial      |
        | the day after | 2025-03-04 |
        | a month after | 2025-04-03 |

    Scenario: The day of the trial is not known
      Given nothing is known about the date of the screening trial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it first asks for the date of the screening trial

    Scenario: The day of the implant is not on the claim
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      And it is known that the phase of therapy is initial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the date of the pump implant

    Scenario Outline: The pump was implanted elsewhere and is filled later: <case>
      Given these claim lines
        | code  | modifiers | units | place of service |
        | J0945 | JZ        | 4     | 11               |
      And it is known that the phase of therapy is initial
      And it is known that the date of the pump implant is 2025-02-20
      And it is known that the date of the screening trial is <trial>
      When the claim is decided
      Then it is <decision>

      Examples:
        | case                             | trial      | decision               |
        | the trial was before the implant | 2025-02-19 | approved               |
        | the trial was on its day         | 2025-02-20 | pended                 |
        | the trial was between the two    | 2025-02-21 | recommended for denial |

  Rule: The label's steps of 50, 75 and 100 mcg, a day apart, are noted and decide nothing

    Scenario Outline: Within the protocol: <case>
      Given it is known that the decisive screening dose is <dose>
      And it is known that the number of screening doses given is <doses>
      And it is known that the time between the last two screening doses is <hours>
      When the claim is decided
      Then it is approved
      And rule trial-protocol-noted does not hold

      Examples:
        | case                                 | dose    | doses | hours    |
        | first dose of 50 mcg                 | 50 mcg  | 1     | 0 hours  |
        | first dose of 25 mcg, as for a child | 25 mcg  | 1     | 0 hours  |
        | second dose of 75 mcg after a day    | 75 mcg  | 2     | 24 hours |
        | third dose of 100 mcg after a day    | 100 mcg | 3     | 24 hours |
        | third dose of 100 mcg after two days | 100 mcg | 3     | 2 days   |
        | the second dose repeats the first    | 50 mcg  | 2     | 24 hours |

    Scenario Outline: Outside the protocol, and approved anyway: <case>
      Given it is known that the decisive screening dose is <dose>
      And it is known that the number of screening doses given is <doses>
      And it is known that the time between the last two screening doses is <hours>
      When the claim is decided
      Then it is approved
      And it advises by rule trial-protocol-noted
      And rule trial-dose-above-protocol does not hold
      And rule trial-doses-too-close does not hold

      Examples:
        | case                                   | dose    | doses | hours      |
        | the first dose was above 50 mcg        | 51 mcg  | 1     | 0 hours    |
        | the first dose was 75 mcg              | 75 mcg  | 1     | 0 hours    |
        | the second dose was above 75 mcg       | 76 mcg  | 2     | 24 hours   |
        | the second dose was 100 mcg            | 100 mcg | 2     | 24 hours   |
        | the third dose was above 100 mcg       | 101 mcg | 3     | 24 hours   |
        | a fourth dose went on to 125 mcg       | 125 mcg | 4     | 24 hours   |
        | the second dose came 23 hours later    | 75 mcg  | 2     | 23 hours   |
        | the second dose came minutes too early | 75 mcg  | 2     | 23.9 hours |
        | the third dose came the same day       | 100 mcg | 3     | 12 hours   |

    Scenario: A dose above 100 mcg is noted before the number of doses is known
      Given it is known that the decisive screening dose is 101 mcg
      When the claim is decided
      Then it is approved
      And it advises by rule trial-protocol-noted

    Scenario: Doses too close are noted before their amount is known
      Given it is known that the number of screening doses given is 2
      And it is known that the time between the last two screening doses is 23 hours
      When the claim is decided
      Then it is approved
      And it advises by rule trial-protocol-noted

    Scenario: What is not known about the doses is neither noted nor asked for
      When the claim is decided
      Then it is approved
      And rule trial-protocol-noted is not known
      And it asks nothing

  Rule: A trial is asked for before a pump, and nowhere else

    Background: A trial to the largest dose that did not go well
      Given these facts
        | fact                                | value          |
        | the date of the screening trial     | 2025-03-04     |
        | the response to the screening trial | not favorable  |
        | the date of the pump implant        | 2025-03-03     |
        | the reason for the replacement      | end of battery |
        | the decisive screening dose         | 100 mcg        |

    Scenario Outline: It does not matter to <case>
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      When the claim is decided
      Then it is approved
      And rule trial-not-shown does not hold
      And rule trial-nonresponder does not hold
      And rule trial-after-implant does not hold

      Examples:
        | case                                       | procedure | units |
        | the screening dose, which is its own trial | 62322     | 1     |
        | a refill                                   | 62369     | 4     |
        | a refill by a physician                    | 62370     | 4     |
        | a change of the dose                       | 62368     | 4     |
        | a new pump in place of an old one          | E0786     | 4     |

    Scenario: It does not matter to a revision of the catheter
      Given line 2 has code 62350
      And it is known that the phase of therapy is catheter revision
      When the claim is decided
      Then it is approved
      And rule trial-not-shown does not hold

    Scenario Outline: A trial on the day of the implant does not matter to <case>
      Given the drug lines have units <units>
      And line 2 has code <procedure>
      And it is known that the date of the screening trial is 2025-03-03
      When the claim is decided
      Then it is approved
      And rule trial-on-implant-day does not hold

      Examples:
        | case                              | procedure | units |
        | the screening dose                | 62322     | 1     |
        | a refill                          | 62369     | 4     |
        | a new pump in place of an old one | E0786     | 4     |

    Scenario Outline: The steps of the label are not even noted on <case>
      Given line 2 has code <procedure>
      And it is known that the decisive screening dose is 125 mcg
      When the claim is decided
      Then it is approved
      And rule trial-protocol-noted does not hold

      Examples:
        | case                              | procedure |
        | a refill                          | 62369     |
        | a change of the dose              | 62368     |
        | a new pump in place of an old one | E0786     |

    Scenario: The response of a like-for-like replacement is not asked for either
      Given line 2 has code E0786
      And nothing is known about the response to the screening trial
      When the claim is decided
      Then it is approved
      And it asks nothing

    Scenario Outline: Void claim: no payment due, so there is no question about a trial: <case>
      Given the claim has frequency 8
      And it is known that the date of the screening trial is <trial>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | case                          | trial      |
        | the trial was before          | 2025-02-01 |
        | the trial was on the same day | 2025-03-03 |
        | the trial was after           | 2025-03-04 |
